"""Every metric that a service of Waymark shows at /metrics: its name, unit, kind, help and labels, and which service.

Nothing is shown that is not here (`infra.exposition` refuses it), and a test holds docs/metrics.md, the
dashboard and the alert rules to this list. Labels are of a few fixed values or of our own routes: never an id,
an address or anything else that a visitor or a client can make up.
"""

from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]
# `journal`: whoever reads the journals: `ingest`, and on one machine the aggregator.
Service = Literal["redirect", "ingest", "journal", "aggregate", "api", "every"]


class Metric(msgspec.Struct, frozen=True):
    """`unit` is the base unit that ends the name (before `_total`); empty where things are counted, which the name
    says itself. `bounds` are the upper bounds of a histogram's buckets."""

    service: Service
    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


# From a millisecond to half a minute, and from a row to a full batch.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
AGES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
SIZES = (1.0, 10.0, 100.0, 1000.0, 3000.0, 10_000.0, 30_000.0, 100_000.0)
RECORDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def _counter(service: Service, name: str, help: str, *labels: str, unit: str = "") -> Metric:
    return Metric(service, f"waymark_{name}_total", "counter", unit, help, labels)


def _gauge(service: Service, name: str, help: str, unit: str = "") -> Metric:
    return Metric(service, f"waymark_{name}", "gauge", unit, help)


def _histogram(service: Service, name: str, help: str, bounds: tuple[float, ...], *labels: str) -> Metric:
    unit = "seconds" if name.endswith("_seconds") else ""
    return Metric(service, f"waymark_{name}", "histogram", unit, help, labels, bounds)


_METRICS = (
    _counter("redirect", "visits", "Answered visits of codes.", "kind", "outcome"),
    _counter("redirect", "redirect_cache_hits", "Recorded visits of codes that were answered from memory."),
    _counter("redirect", "redirect_lookups", "Cache misses: visits for which Redis was asked."),
    _counter("redirect", "redirect_stale", "Visits answered from the cache while Redis could not be asked."),
    _counter("redirect", "redirect_unavailable", "Visits answered with 503: not cached, and Redis could not be asked."),
    _counter("redirect", "redirect_not_found", "Visits answered with 404."),
    _counter("redirect", "redirect_unknown_unrecorded", "Visits of unknown slugs above the rate that is recorded."),
    _counter("redirect", "redirect_other_values", "Visits recorded with `(other)`: their code had too many values."),
    _counter("redirect", "redirect_gate_busy", "Passwords that were not looked at: too many were waiting."),
    _counter("redirect", "redirect_refused", "Events that a full journal refused."),
    _counter("redirect", "redirect_journal_errors", "Events that could not be written."),
    _counter("redirect", "redirect_journal_events", "Events that this journal has numbered, refused ones included."),
    _counter("redirect", "redirect_journal_sync_failures", "Syncs of the journal that the disk refused."),
    _gauge("redirect", "redirect_journal_unsynced_bytes", "What a power loss would take.", "bytes"),
    _gauge("redirect", "redirect_journal_refusing", "1 while the journal takes no events."),
    _counter("redirect", "redirect_changes", "Route changes heard from Redis."),
    _counter("redirect", "redirect_gaps", "Times that route changes may have been missed between two pings."),
    _counter("redirect", "redirect_unreadable_routes", "Routes and route changes that could not be read."),
    _gauge("redirect", "redirect_cached_routes", "Routes in the cache."),
    _gauge("redirect", "redirect_domains", "Verified custom domains."),
    _gauge(
        "redirect", "redirect_gate_waiting", "Forms that wait for their turn at codes whose passwords are guessed at."
    ),
    _gauge("redirect", "redirect_trusted", "1 while the cache may be believed without asking Redis."),
    _gauge("redirect", "redirect_unheard_seconds", "Since Redis was last heard: later edits may be unseen.", "seconds"),
    _gauge("redirect", "redirect_epoch", "Grows whenever route changes may have been missed."),
    _counter("ingest", "ingest_records", "Records acknowledged by Kafka."),
    _counter("ingest", "ingest_shipped_bytes", "Bytes acknowledged by Kafka.", unit="bytes"),
    _counter("ingest", "ingest_outages", "Sessions with Kafka that failed."),
    _histogram("ingest", "ingest_record_events", "Lines in a record when Kafka acknowledged it.", RECORDS),
    _histogram("ingest", "ingest_ship_lag_seconds", "Age of a record's last scan when Kafka acknowledged it.", AGES),
    _gauge("ingest", "ingest_stuck_journals", "Journals that cannot be shipped for a reason of their own."),
    _gauge("ingest", "ingest_connected", "1 while Kafka answers."),
    _gauge("journal", "journals", "Journals of this machine that are not stored or shipped whole."),
    _gauge("journal", "journal_bytes", "Journal depth: what the journals take on disk.", "bytes"),
    _gauge("journal", "journal_limit_bytes", "What they may take; beyond, events are refused.", "bytes"),
    _gauge("journal", "journal_waiting_events", "Events in journals that have not been shipped or stored."),
    _gauge("journal", "journal_oldest_age_seconds", "Journal age: for how long an event has waited.", "seconds"),
    _counter("aggregate", "aggregator_inserted_events", "Events stored."),
    _counter("aggregate", "aggregator_dropped_events", "Events that came again and were left out."),
    _counter("aggregate", "aggregator_settled_batches", "Batches whose insert was in doubt, and which were verified."),
    _histogram("aggregate", "aggregator_batch_events", "Events in a batch that was stored.", SIZES),
    _histogram("aggregate", "aggregator_insert_seconds", "Time that inserting a batch took, sums included.", SECONDS),
    _histogram("aggregate", "aggregator_scan_age_seconds", "Age of a batch's first scan when it was stored.", AGES),
    _gauge("aggregate", "aggregator_lag_events", "Aggregate lag: records (on one machine, events) not read yet."),
    _gauge("aggregate", "aggregator_partitions", "Partitions that this process follows."),
    _gauge("aggregate", "aggregator_waiting_partitions", "Partitions that recover, or wait for bus or warehouse."),
    _gauge("aggregate", "aggregator_stopped_partitions", "Partitions that wait for a person. Above 0 is an alarm."),
    _gauge("aggregate", "aggregator_dead_letters", "Records set aside on the partitions followed since the start."),
    _gauge("aggregate", "warehouse_free_bytes", "Free on the warehouse's disk when last looked.", "bytes"),
    _gauge("aggregate", "warehouse_short_of_room", "1 while inserts wait for room on the warehouse's disk."),
    _gauge("aggregate", "warehouse_broken_parts", "Parts that the warehouse found broken and has set aside."),
    _counter("api", "api_requests", "API requests answered.", "method", "route", "status"),
    _histogram(
        "api",
        "api_request_seconds",
        "Time from an API request's headers to the end of its answer.",
        SECONDS,
        *("method", "route"),
    ),
    _histogram("api", "query_seconds", "Time to answer a question of the API, waiting included.", SECONDS),
    _counter("api", "query_failures", "Questions that the warehouse did not answer, or not in time."),
    _gauge("api", "domains_unproven", "Verified domains whose proof is gone: they lapse when their grace has passed."),
    _gauge("every", "start_time_seconds", "When this process started, in Unix time.", "seconds"),
    _counter("every", "cpu_seconds", "Processor time of this process, user and system.", unit="seconds"),
    _gauge("every", "memory_bytes", "Resident memory of this process.", "bytes"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
