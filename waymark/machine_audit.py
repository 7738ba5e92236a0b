"""Audit this machine: compare the warehouse with the journals here and with what Redis has on record."""

import logging
from collections.abc import Callable
from functools import partial

from clickhouse_connect.driver.client import Client

from aggregator.audit import evidence_readers, rollups
from aggregator.audit.evidence import Evidence, StoppedPartition
from aggregator.audit.evidence_readers import NoRecords, Records
from aggregator.audit.rechecks import Recheck
from aggregator.audit.report import Report, audit
from infra.progress import Progress
from ingest.journal_files import wall_ms
from waymark.data_dir import DataDir
from waymark.settings import Settings

log = logging.getLogger(__name__)

Stopped = Callable[[], tuple[int, list[StoppedPartition]]]


def evidence_of(settings: Settings, records: Records | NoRecords, stopped: Stopped | None = None) -> Evidence:
    journals = settings.journal_folder
    return Evidence(
        journals=partial(evidence_readers.heads, journals),
        registers=(partial(evidence_readers.registered, journals), records.sources),
        elsewhere=settings.kafka_bootstrap is not None,
        silent_before_ms=wall_ms() - settings.silent_after * 1000,
        deleted=records.deleted,
        stopped=stopped,
    )


def audit_machine(
    client: Client,
    evidence: Evidence,
    progress: Progress,
    alone: Recheck | None = None,
    *,
    folder: DataDir | None = None,
    anew: bool = False,
) -> Report:
    """`folder` keeps what has been proven; `anew` proves all of it again."""
    if folder is None or not folder.path.is_dir():
        return audit(client, evidence, progress, alone=alone)
    memory = rollups.read_memory(folder.audit_memory)
    if anew:
        memory.proven = {}
    report = audit(client, evidence, progress, alone=alone, memory=memory)
    try:
        rollups.write_memory(folder.audit_memory, memory)
    except OSError as error:
        log.warning("what was proven could not be noted down: %s", error)
    return report
