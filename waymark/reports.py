"""The audit of this machine: the warehouse's tables, held against the journals at hand and what Redis has on record."""

from collections.abc import Callable
from functools import partial

from clickhouse_connect.driver.client import Client

from aggregator import audit_journals
from aggregator.audit import Report, audit
from aggregator.audit_evidence import Evidence, StoppedPartition
from aggregator.audit_records import NoRecords, Records
from aggregator.looks import Look
from aggregator.progress import Progress
from ingest.layout import wall_ms
from waymark.settings import Settings

Stopped = Callable[[], tuple[int, list[StoppedPartition]]]


def evidence_of(settings: Settings, records: Records | NoRecords, stopped: Stopped | None = None) -> Evidence:
    journals = settings.journal_folder
    return Evidence(
        journals=partial(audit_journals.heads, journals),
        registers=(partial(audit_journals.registered, journals), records.sources),
        elsewhere=settings.kafka_bootstrap is not None,
        silent_before_ms=wall_ms() - settings.silent_after * 1000,
        deleted=records.deleted,
        stopped=stopped,
    )


def audit_machine(client: Client, evidence: Evidence, progress: Progress, alone: Look | None = None) -> Report:
    return audit(client, evidence, progress, alone=alone)
