"""The catalogue of metrics at /metrics: service, name, kind, unit, help and labels of each.

Nothing is shown that is not here (`infra.exposition` refuses it), and a test holds docs/metrics.md, the
dashboard and the alert rules to this list. Labels are of a few fixed values or of our own routes: never an id,
an address or anything else that a visitor or a client can make up.
"""

from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]
# `journal`: whoever reads the journals: `ingest`, and on one machine the aggregator.
# `proof`: an aggregator, of what it proves in the background.
# `engines` and `certificates`: each service, of what it depends on, and of what it was given.
Service = Literal["redirect", "ingest", "journal", "aggregate", "proof", "api", "engines", "certificates", "every"]


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
# Powers of two, of microseconds: from 8 µs to 8.4 s.
LATENCIES = tuple(2**power / 1e6 for power in range(3, 24))
RECORDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


def _counter(service: Service, name: str, help: str, *labels: str, unit: str = "") -> Metric:
    return Metric(service, f"waymark_{name}_total", "counter", unit, help, labels)


def _gauge(service: Service, name: str, help: str, unit: str = "", *labels: str) -> Metric:
    return Metric(service, f"waymark_{name}", "gauge", unit, help, labels)


def _histogram(service: Service, name: str, help: str, bounds: tuple[float, ...], *labels: str) -> Metric:
    unit = "seconds" if name.endswith("_seconds") else ""
    return Metric(service, f"waymark_{name}", "histogram", unit, help, labels, bounds)


_METRICS = (
    _counter("redirect", "visits", "Answered scans of codes.", "kind", "outcome"),
    _histogram(
        "redirect",
        "redirect_latency_seconds",
        "Time from a request's headers to its answer, for scans and unknown paths; forms and files are left out.",
        LATENCIES,
    ),
    _counter("redirect", "redirect_cache_hits", "Recorded scans that were answered from the cache."),
    _counter("redirect", "redirect_lookups", "Cache misses: scans for which the route was read from Redis."),
    _counter("redirect", "redirect_stale", "Scans answered from the cache while Redis was unreachable."),
    _counter("redirect", "redirect_unavailable", "Scans answered with 503: not cached, and Redis was unreachable."),
    _counter("redirect", "redirect_not_found", "Scans answered with 404."),
    _counter(
        "redirect",
        "redirect_unknown_unrecorded",
        "Scans of unknown slugs that were not recorded because of the rate limit.",
    ),
    _counter(
        "redirect",
        "redirect_other_values",
        "Scans recorded with `(other)`, because their code had too many distinct values.",
    ),
    _counter("redirect", "redirect_gate_busy", "Passwords that were not checked, because too many were waiting."),
    _counter("redirect", "redirect_refused", "Events refused because the journal was full."),
    _counter("redirect", "redirect_journal_errors", "Events that could not be written to the journal."),
    _counter("redirect", "redirect_journal_events", "Events numbered by the journal, including refused ones."),
    _counter("redirect", "redirect_journal_sync_failures", "Journal syncs that failed."),
    _gauge(
        "redirect",
        "redirect_journal_unsynced_bytes",
        "Bytes in the journal that are not synced yet: a power loss would lose them.",
        "bytes",
    ),
    _gauge("redirect", "redirect_journal_refusing", "1 while the journal refuses events."),
    _counter("redirect", "redirect_changes", "Route changes received from Redis."),
    _counter("redirect", "redirect_gaps", "Times that route changes may have been missed between two pings."),
    _counter("redirect", "redirect_unreadable_routes", "Routes and route changes that could not be read."),
    _gauge("redirect", "redirect_cached_routes", "Routes in the cache."),
    _gauge("redirect", "redirect_domains", "Verified custom domains."),
    _gauge(
        "redirect",
        "redirect_gate_waiting",
        "Password forms that are held back because their code's password is being guessed.",
    ),
    _gauge("redirect", "redirect_trusted", "1 while the cache is trusted without asking Redis."),
    _gauge(
        "redirect",
        "redirect_unheard_seconds",
        "Time since Redis was last heard; edits made since then may be missing.",
        "seconds",
    ),
    _gauge("redirect", "redirect_epoch", "Incremented whenever route changes may have been missed."),
    _counter("ingest", "ingest_records", "Records acknowledged by Kafka."),
    _counter("ingest", "ingest_shipped_bytes", "Bytes acknowledged by Kafka.", unit="bytes"),
    _counter("ingest", "ingest_outages", "Sessions with Kafka that failed."),
    _histogram("ingest", "ingest_record_events", "Lines in a record when Kafka acknowledged it.", RECORDS),
    _histogram("ingest", "ingest_ship_lag_seconds", "Age of a record's last scan when Kafka acknowledged it.", AGES),
    _gauge(
        "ingest", "ingest_stuck_journals", "Journals that cannot be shipped, for a reason other than Kafka being down."
    ),
    _gauge("ingest", "ingest_connected", "1 while Kafka answers."),
    _gauge("journal", "journals", "Journals of this machine that are not fully stored or shipped."),
    _gauge("journal", "journal_bytes", "Journal depth: size of the journals on disk.", "bytes"),
    _gauge("journal", "journal_limit_bytes", "Maximum size of the journals; beyond it, events are refused.", "bytes"),
    _gauge("journal", "journal_waiting_events", "Events in the journals that are not shipped or stored yet."),
    _gauge("journal", "journal_oldest_age_seconds", "Journal age: how long the oldest event has waited.", "seconds"),
    _counter("aggregate", "aggregator_inserted_events", "Events stored."),
    _counter("aggregate", "aggregator_dropped_events", "Duplicate events that were dropped."),
    _counter(
        "aggregate",
        "aggregator_settled_batches",
        "Batches that were verified because the outcome of their insert was unknown.",
    ),
    _histogram("aggregate", "aggregator_batch_events", "Events in a stored batch.", SIZES),
    _histogram("aggregate", "aggregator_insert_seconds", "Time to insert a batch, sums included.", SECONDS),
    _histogram(
        "aggregate", "aggregator_scan_age_seconds", "Age of a batch's oldest scan when the batch was stored.", AGES
    ),
    _gauge("aggregate", "aggregator_lag_events", "Aggregate lag: records (on one machine, events) not read yet."),
    _gauge("aggregate", "aggregator_partitions", "Partitions assigned to this process."),
    _gauge(
        "aggregate", "aggregator_waiting_partitions", "Partitions that recover, or wait for the bus or the warehouse."
    ),
    _gauge(
        "aggregate", "aggregator_stopped_partitions", "Partitions stopped until an operator acts. Alert when above 0."
    ),
    _gauge("aggregate", "aggregator_dead_letters", "Dead letters of the partitions assigned since the start."),
    _gauge("aggregate", "warehouse_short_of_room", "1 while inserts wait for free space on the warehouse's disk."),
    _gauge("aggregate", "warehouse_broken_parts", "Broken parts that the warehouse has detached."),
    _gauge(
        "proof",
        "complete_age_seconds",
        "Age of the moment until which every answered scan is stored; 0 while it is not known.",
        "seconds",
    ),
    _gauge("proof", "complete_held_sources", "Sources that have held this moment back for more than ten seconds."),
    _gauge("proof", "proof_green", "1 while every scan is proven to be stored once, and the rollups to agree."),
    _gauge("proof", "proof_red", "1 while something is proven to be wrong. Alert when above 0."),
    _gauge("proof", "proof_red_sources", "Sources of which not every scan is stored exactly once."),
    _gauge("proof", "proof_red_rollups", "Days on which a rollup does not follow from the scans."),
    _gauge("proof", "proof_age_seconds", "Time since the last round of the audit in the background ended.", "seconds"),
    _counter("proof", "proof_rounds", "Rounds of the audit in the background since the start."),
    _counter("api", "api_requests", "API requests answered.", "method", "route", "status"),
    _histogram(
        "api",
        "api_request_seconds",
        "Time from an API request's headers to the end of its answer.",
        SECONDS,
        *("method", "route"),
    ),
    _histogram("api", "query_seconds", "Time to answer an analytics query of the API, waiting included.", SECONDS),
    _counter("api", "query_failures", "Analytics queries that failed or timed out."),
    _counter("api", "webhook_attempts", "Attempts to deliver a webhook.", "outcome"),
    _gauge("api", "webhook_leads", "1 in the one process that delivers webhooks."),
    _gauge("api", "webhook_lag_seconds", "Age of the oldest event that is not queued for its webhooks yet.", "seconds"),
    _gauge("api", "webhook_stopped_endpoints", "Webhooks whose delivery is stopped: paused, gone or failing for days."),
    _counter("api", "export_rows", "Rows of files that were sent whole."),
    _counter("api", "export_failures", "Files that were cut off, because the warehouse failed."),
    _counter("api", "export_runs", "Periods of scheduled exports, by what became of them.", "state"),
    _gauge("api", "domains_unproven", "Verified domains whose DNS proof is gone; they lapse after the grace period."),
    _gauge("engines", "engine_up", "1 while the engine answers, 0 while it does not.", "", "engine"),
    _gauge("engines", "disk_free_bytes", "Free space on the disk of a folder.", "bytes", "folder"),
    _gauge("engines", "disk_size_bytes", "Size of that disk.", "bytes", "folder"),
    _gauge(
        "certificates",
        "certificate_end_time_seconds",
        "When a certificate for Redis or Kafka ends, in Unix time.",
        "seconds",
        "certificate",
    ),
    _gauge("api", "change_log_complete", "1 if the change log has every code, key and setting of this Redis."),
    _gauge("api", "change_log_unrecorded", "Writes that are being recorded in the change log, or could not be yet."),
    _counter("api", "change_log_failures", "Failed appends to the change log; what they were for was answered 503."),
    _gauge("api", "change_log_snapshot_elements", "Elements that the last snapshot of the change log has taken up."),
    _gauge("every", "start_time_seconds", "Start time of this process, in Unix time.", "seconds"),
    _counter("every", "cpu_seconds", "CPU time of this process, user and system.", unit="seconds"),
    _gauge("every", "memory_bytes", "Resident memory of this process.", "bytes"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
