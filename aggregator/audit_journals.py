"""What this machine's journals say of themselves, and the register beside them."""

import time
from collections.abc import Iterator
from pathlib import Path

from aggregator.audit_evidence import Account, Copy, JournalHead, Unreachable
from ingest import register
from ingest.reader import Broken, SourceReader, sources
from schemas.register import SourceEntry

# An entry that cannot be read is being written just now, or is damaged; this long after it is damaged.
WRITTEN_WITHIN_S = 0.05


def heads(journals: Path) -> Iterator[JournalHead]:
    """Each journal's head, read when it is asked for. One that is stored and deleted meanwhile is closed."""
    for source in sources(journals):
        reader = SourceReader(journals / str(source))
        try:
            reader.check()
            yield JournalHead(source, reader.head(), tuple(reader.refused()))
        except Broken as error:
            yield JournalHead(source, 0, (), str(error))
        except (FileNotFoundError, IndexError):
            continue
        finally:
            reader.close()


def registered(journals: Path) -> Iterator[Account]:
    """The register in files. Raises Unreachable after the others when an entry cannot be read."""
    unreadable = []
    for source in register.sources(journals):
        try:
            entry = register.read(journals, source)
            if entry is None:
                time.sleep(WRITTEN_WITHIN_S)
                entry = register.read(journals, source)
        except OSError as error:
            raise Unreachable(f"register beside the journals: {error}") from error
        if entry is None:
            unreadable.append(source)
        else:
            yield account("the journals' register", entry)
    if unreadable:
        raise Unreachable(f"register beside the journals: what it says of {', '.join(map(str, unreadable))} is damaged")


def account(copy: Copy, entry: SourceEntry) -> Account:
    closed = entry.state == "closed"
    return Account(copy, entry.source, entry.last_seq, entry.refused, entry.digest, closed, entry.at_ms)
