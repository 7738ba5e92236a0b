"""Each alert fires on what it is for, with a sentence a person can read, and is silent while all is well: asked of
Prometheus's own `promtool`."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest
import yaml

from infra.exposition import exposition, registry
from ingest.shipper import ShipStatus
from tests.servers import require
from tests.waymark.deploy_files import ALERTS, DEPLOY, rules
from tests.waymark.promtool import asked, complaints
from tests.waymark.running import up
from waymark import ingest_service

AT = 'job="waymark-x", instance="edge-1"'
# Series in promtool's notation (a value each 15 s), for half an hour.
CALM = {
    "up{%s}": "1x120",
    "waymark_aggregator_stopped_partitions{%s}": "0x120",
    'waymark_engine_up{engine="redis", %s}': "1x120",
    'waymark_disk_free_bytes{folder="journal", %s}': "50x120",
    'waymark_disk_size_bytes{folder="journal", %s}': "100x120",
    'waymark_certificate_end_time_seconds{certificate="kafka_cert", %s}': "10000000x120",
    'waymark_redirect_latency_seconds_bucket{le="0.131072", %s}': "0+15x120",
    'waymark_redirect_latency_seconds_bucket{le="0.524288", %s}': "0+15x120",
    'waymark_redirect_latency_seconds_bucket{le="+Inf", %s}': "0+15x120",
    "waymark_aggregator_partitions{%s}": "3x120",
    "waymark_redirect_refused_total{%s}": "4x120",
    "waymark_redirect_journal_refusing{%s}": "0x120",
    "waymark_redirect_journal_errors_total{%s}": "0x120",
    "waymark_redirect_journal_sync_failures_total{%s}": "0x120",
    "waymark_journal_bytes{%s}": "40x120",
    "waymark_journal_limit_bytes{%s}": "100x120",
    "waymark_journal_oldest_age_seconds{%s}": "3x120",
    "waymark_ingest_stuck_journals{%s}": "0x120",
    "waymark_ingest_connected{%s}": "1x120",
    "waymark_aggregator_dead_letters{%s}": "0x120",
    "waymark_proof_red{%s}": "0x120",
    "waymark_proof_age_seconds{%s}": "30x120",
    "waymark_complete_held_sources{%s}": "0x120",
    "waymark_aggregator_waiting_partitions{%s}": "0x120",
    "waymark_warehouse_short_of_room{%s}": "0x120",
    "waymark_warehouse_broken_parts{%s}": "0x120",
    'waymark_aggregator_scan_age_seconds_bucket{le="10", %s}': "0+15x120",
    'waymark_aggregator_scan_age_seconds_bucket{le="30", %s}': "0+15x120",
    'waymark_aggregator_scan_age_seconds_bucket{le="+Inf", %s}': "0+15x120",
    "waymark_aggregator_lag_events{%s}": "50x120",
    "waymark_redirect_trusted{%s}": "1x120",
    "waymark_redirect_stale_total{%s}": "5x120",
    "waymark_redirect_unavailable_total{%s}": "7x120",
    "waymark_redirect_unreadable_routes_total{%s}": "0x120",
    'waymark_api_requests_total{status="200", %s}': "0+99x120",
    'waymark_api_requests_total{status="503", %s}': "0+1x120",
    "waymark_query_failures_total{%s}": "0x120",
    "waymark_domains_unproven{%s}": "0x120",
    "waymark_change_log_failures_total{%s}": "0x120",
    "waymark_webhook_lag_seconds{%s}": "0x120",
    "waymark_webhook_leads{%s}": "1x120",
    'waymark_query_seconds_bucket{le="1", %s}': "0+15x120",
    'waymark_query_seconds_bucket{le="5", %s}': "0+15x120",
    'waymark_query_seconds_bucket{le="+Inf", %s}': "0+15x120",
}
EACH = {"job": "waymark-x", "instance": "edge-1"}


class Trouble(NamedTuple):
    """What else is measured in this trouble, when nobody is told yet, when somebody is, and what of which series."""

    series: dict[str, str]
    before: str
    after: str
    said: str
    of: dict[str, str]


TROUBLES = {
    "WaymarkDown": Trouble({"up{%s}": "1x4 0x116"}, "1m45s", "3m", "waymark-x at edge-1 does not answer.", EACH),
    "WaymarkPartitionStopped": Trouble(
        {"waymark_aggregator_stopped_partitions{%s}": "0x4 2x116"},
        *("45s", "2m", "2 partitions are stopped until an operator acts.", EACH),
    ),
    "WaymarkEngineAway": Trouble(
        {'waymark_engine_up{engine="redis", %s}': "0x120"},
        *("1m", "3m", "waymark-x at edge-1 gets no answer from redis.", EACH | {"engine": "redis"}),
    ),
    "WaymarkDiskFills": Trouble(
        {'waymark_disk_free_bytes{folder="journal", %s}': "5x120"},
        *("9m", "12m", "5% of the disk of journal are free, at edge-1.", EACH | {"folder": "journal"}),
    ),
    "WaymarkCertificateEnds": Trouble(
        {'waymark_certificate_end_time_seconds{certificate="kafka_cert", %s}': f"{10 * 86400 + 360}x120"},
        *("4m", "6m", "The certificate kafka_cert of waymark-x ends in 10d 0h 0m 0s."),
        EACH | {"certificate": "kafka_cert"},
    ),
    "WaymarkNobodyAggregates": Trouble(
        {"waymark_aggregator_partitions{%s}": "3 stale"}, "4m", "6m", "No aggregator has a partition assigned.", {}
    ),
    "WaymarkEventsRefused": Trouble(
        {"waymark_redirect_refused_total{%s}": "4x8 5x112"},
        *("1m45s", "2m30s", "The journal refuses events: scans are answered but not counted.", EACH),
    ),
    "WaymarkJournalErrors": Trouble(
        {"waymark_redirect_journal_sync_failures_total{%s}": "0x8 1x112"},
        *("1m45s", "2m30s", "Writes or syncs of the journal fail.", EACH),
    ),
    "WaymarkJournalFills": Trouble(
        {"waymark_journal_bytes{%s}": "60x120"}, "4m", "6m", "The journals are 60% full.", EACH
    ),
    "WaymarkJournalOld": Trouble(
        {"waymark_journal_oldest_age_seconds{%s}": "300x120"},
        *("4m", "6m", "The oldest scan has waited 5m 0s to be shipped.", EACH),
    ),
    "WaymarkJournalStuck": Trouble(
        {"waymark_ingest_stuck_journals{%s}": "1x120"},
        *("4m", "6m", "1 journals cannot be shipped, while others can.", EACH),
    ),
    "WaymarkKafkaAway": Trouble(
        {"waymark_ingest_connected{%s}": "0x120"}, "1m", "3m", "ingest at edge-1 cannot reach Kafka.", EACH
    ),
    "WaymarkProofRed": Trouble(
        {"waymark_proof_red{%s}": "0x4 1x116"},
        *("45s", "2m", "The proof is red: a scan is lost, doubled or altered, or a sum is wrong.", EACH),
    ),
    "WaymarkProofOld": Trouble(
        {"waymark_proof_age_seconds{%s}": "3660x120"},
        *("9m", "12m", "The audit in the background last ended 1h 1m 0s ago.", EACH),
    ),
    "WaymarkIncomplete": Trouble(
        {"waymark_complete_held_sources{%s}": "2x120"},
        *("9m", "12m", "2 sources have scans that are not stored: totals are not complete until now.", EACH),
    ),
    "WaymarkDeadLetters": Trouble(
        {"waymark_aggregator_dead_letters{%s}": "0x4 3x116"},
        *("45s", "2m", "3 records are in dead_letters and not counted.", EACH),
    ),
    "WaymarkAggregatorWaits": Trouble(
        {"waymark_aggregator_waiting_partitions{%s}": "2x120"},
        *("4m", "6m", "2 partitions wait for the bus or the warehouse.", EACH),
    ),
    "WaymarkWarehouseFull": Trouble(
        {"waymark_warehouse_short_of_room{%s}": "1x120"},
        *("45s", "2m", "The warehouse's disk is nearly full, so scans wait.", EACH),
    ),
    "WaymarkPartsBroken": Trouble(
        {"waymark_warehouse_broken_parts{%s}": "0x4 3x116"},
        *("45s", "2m", "The warehouse has detached 3 broken parts.", EACH),
    ),
    "WaymarkScansLate": Trouble(
        {'waymark_aggregator_scan_age_seconds_bucket{le="10", %s}': "0x120"},
        *("9m", "12m", "Scans are 29.8s old when they are stored.", {}),
    ),
    "WaymarkLagGrows": Trouble(
        {"waymark_aggregator_lag_events{%s}": "20000+1000x120"},
        *("9m", "15m", "80000 records wait, and their number is growing.", {}),
    ),
    "WaymarkCacheUntrusted": Trouble(
        {"waymark_redirect_trusted{%s}": "0x120"},
        *("45s", "2m", "The redirector at edge-1 receives nothing from Redis.", EACH),
    ),
    "WaymarkServesStale": Trouble(
        {"waymark_redirect_stale_total{%s}": "5x4 6+1x116"},
        *("1m", "4m"),
        "The redirector at edge-1 serves stale routes: Redis has not confirmed them, and edits are missing.",
        EACH,
    ),
    "WaymarkVisitsUnavailable": Trouble(
        {"waymark_redirect_unavailable_total{%s}": "0+30x120"},
        *("1m", "6m", "2 scans a second are answered with 503.", {}),
    ),
    "WaymarkRedirectsSlow": Trouble(
        {'waymark_redirect_latency_seconds_bucket{le="0.131072", %s}': "0x120"},
        *("4m", "8m", "One of a hundred scans takes 520.4ms to answer.", {}),
    ),
    "WaymarkRoutesUnreadable": Trouble(
        {"waymark_redirect_unreadable_routes_total{%s}": "0x8 1x112"},
        *("1m45s", "2m30s", "A redirector cannot decode some routes.", EACH),
    ),
    "WaymarkApiErrors": Trouble(
        {'waymark_api_requests_total{status="503", %s}': "0+11x120"},
        *("4m", "6m", "10% of the API's answers are 5xx.", {}),
    ),
    "WaymarkQueriesFail": Trouble(
        {"waymark_query_failures_total{%s}": "0+15x120"},
        "4m",
        "6m",
        "1 analytics queries a second fail or time out.",
        {},
    ),
    "WaymarkExportsFail": Trouble(
        {'waymark_export_runs_total{state="retrying", %s}': "0+1x120"},
        *("9m", "16m", "Scheduled exports fail again and again.", {}),
    ),
    "WaymarkDomainUnproven": Trouble(
        {"waymark_domains_unproven{%s}": "1x120"},
        *("14m", "16m", "1 custom domains have lost their DNS proof and will lapse after the grace period.", {}),
    ),
    "WaymarkChangeLogFails": Trouble(
        {"waymark_change_log_failures_total{%s}": "0+1x120"},
        *("1m", "3m", "Creates and edits fail: the change log takes nothing.", {}),
    ),
    "WaymarkWebhooksLate": Trouble(
        {"waymark_webhook_lag_seconds{%s}": "900x120"},
        *("4m", "6m", "No process delivers webhooks, or the oldest event has waited for more than five minutes.", {}),
    ),
    "WaymarkQueriesSlow": Trouble(
        {'waymark_query_seconds_bucket{le="1", %s}': "0x120"},
        *("9m", "12m", "The 95th percentile of analytics queries is 4.8s.", {}),
    ),
}


@pytest.fixture(autouse=True)
def promtool() -> None:
    require.programs("promtool", why="Prometheus's own checks")


def test_prometheus_takes_the_files() -> None:
    for kind, file in (("config", "prometheus.yml"), ("rules", "alerts.yml")):
        done = subprocess.run(
            ["promtool", "check", kind, str(DEPLOY / "prometheus" / file)], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """What promtool says of calm and of every trouble, each a group of its own in one file: it is slow to start."""
    require.programs("promtool", why="Prometheus's own checks")
    names = [str(rule["alert"]) for rule in rules()]
    silence: list[Mapping[str, object]] = [
        {"eval_time": when, "alertname": name, "exp_alerts": []} for name in names for when in ("10m", "25m")
    ]
    groups = [group("calm", {}, silence), *(group(name, TROUBLES[name].series, expected(name)) for name in TROUBLES)]
    questions = {"rule_files": [str(ALERTS)], "evaluation_interval": "15s", "tests": groups}
    file = tmp_path_factory.mktemp("alerts") / "alerts_test.yml"
    file.write_text(yaml.safe_dump(questions))
    return subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, timeout=120)


def group(name: str, trouble: dict[str, str], expected: Sequence[Mapping[str, object]]) -> dict[str, object]:
    series = [{"series": name % AT, "values": values} for name, values in (CALM | trouble).items()]
    return {"name": f"trouble {name}.", "interval": "15s", "input_series": series, "alert_rule_test": expected}


def expected(name: str) -> list[Mapping[str, object]]:
    trouble = TROUBLES[name]
    [severity] = [rule["labels"]["severity"] for rule in rules() if rule["alert"] == name]  # type: ignore[index]
    told = {
        "exp_labels": {"severity": severity, **trouble.of},
        "exp_annotations": {"summary": trouble.said, "runbook": f"docs/operations.md#{name.lower()}"},
    }
    return [
        {"eval_time": trouble.before, "alertname": name, "exp_alerts": []},
        {"eval_time": trouble.after, "alertname": name, "exp_alerts": [told]},
    ]


def test_nobody_is_told_while_all_is_well(verdict: "subprocess.CompletedProcess[str]") -> None:
    assert [str(rule["alert"]) for rule in rules()] == list(TROUBLES)
    said = verdict.stdout + verdict.stderr
    assert "trouble calm." not in said, said
    # A file that could not be read names no trouble.
    assert verdict.returncode == 0 or "trouble " in said, said


@pytest.mark.parametrize("name", TROUBLES)
def test_somebody_is_told_in_words(name: str, verdict: "subprocess.CompletedProcess[str]") -> None:
    said = verdict.stdout + verdict.stderr
    assert f"trouble {name}." not in said, said


def test_prometheus_has_nothing_to_say_of_what_is_shown() -> None:
    with up() as one:
        one.scan(one.create()["slug"])
        assert complaints(asked(one.status_port)) == ""
    ingest = ShipStatus()
    ingest.lag_seconds.add(0.02)
    assert complaints(exposition(registry(lambda: ingest_service.readings(ingest))).decode()) == ""
    # It does say something where there is something to say.
    assert "help" in complaints("waymark_things 1\n")
