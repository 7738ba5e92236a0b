"""The audit of this machine: the warehouse's tables, and the journals that are still open."""

from collections.abc import Iterator
from pathlib import Path

from clickhouse_connect.driver.client import Client

from aggregator.audit import JournalHead, Report, audit
from aggregator.looks import Look
from aggregator.progress import Progress
from ingest.reader import SourceReader, sources


def heads(journals: Path) -> Iterator[JournalHead]:
    """Each journal's head, read when it is asked for. One that is stored and deleted meanwhile is closed."""
    for source in sources(journals):
        reader = SourceReader(journals / str(source))
        try:
            yield JournalHead(source, reader.head(), tuple(reader.refused()))
        except (FileNotFoundError, IndexError):
            continue
        finally:
            reader.close()


def audit_machine(client: Client, journals: Path, progress: Progress, alone: Look | None = None) -> Report:
    return audit(client, heads(journals), progress, alone=alone)
