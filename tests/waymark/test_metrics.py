"""Every metric is in one catalogue, named as Prometheus wants it, documented, and the only kind that is shown."""

import re
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.aggregator import Aggregator, uptime
from aggregator.journal_bus import JournalBus
from analytics.query_pool import QueryPool
from harness.certificates import self_signed
from infra.disks import Room
from infra.exposition import Histogram, MetricsCollector, exposition, registry
from infra.metrics import METRICS
from infra.warehouse import Warehouse
from ingest import backlog
from ingest.backlog import Backlog, left_behind, measure
from ingest.journal import Journal
from ingest.journal_files import wall_ms
from ingest.shipper import ShipStatus
from redirect.metrics import Counts, Metrics
from tests.ingest.events import REST
from tests.waymark import promtool
from waymark import ingest_service
from waymark.settings import read
from waymark.surroundings import Surroundings, certificates, folders
from waymark.wiring import aggregator

ROOT = Path(__file__).parents[2]
GAUGES = ("cached_routes", "domains", "gate_waiting", "trusted", "epoch", "unheard_seconds")


def test_the_catalogue_is_as_prometheus_wants_it() -> None:
    assert [told for metric in METRICS.values() for told in promtool.complaints_about(metric)] == []


def test_each_metric_is_documented_with_its_unit_and_labels() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| (`waymark.*) \|$", page, re.MULTILINE)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    assert {row[0].strip("`"): tuple(row[1:]) for row in cells} == {
        metric.name: (metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.unit, metric.help)
        for metric in METRICS.values()
    }


def test_what_the_catalogue_does_not_know_is_not_shown() -> None:
    with pytest.raises(KeyError):
        exposition(registry(lambda: {"waymark_made_up": 1.0}))


def test_a_redirector_shows_its_own_and_nothing_else(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, source=5, now_ms=wall_ms, max_bytes=1 << 20)
    counts = Counts()
    gauges = dict.fromkeys(GAUGES, lambda: 1.0)
    metrics = Metrics(counts, journal, gauges, tmp_path)
    counts.tallies["human", "redirect"].n = 5
    counts.fetched = 2
    text = metrics().decode()
    assert promtool.shown(text) == promtool.of("redirect", "engines")
    assert 'waymark_engine_up{engine="redis"} 1.0' in text
    assert float(re.findall(r'waymark_disk_free_bytes{folder="journal"} (.*)', text)[0]) > 0
    assert "waymark_redirect_cache_hits_total 3.0" in text
    counts.fetched = 4
    assert "waymark_redirect_cache_hits_total 3.0" in metrics().decode(), "a counter never goes back"
    journal.close()


def test_processes_at_one_address_are_told_apart(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, source=5, now_ms=wall_ms, max_bytes=1 << 20)
    gauges = dict.fromkeys(GAUGES, lambda: 1.0)
    text = Metrics(Counts(), journal, gauges, tmp_path, worker="77")().decode()
    assert promtool.shown(text) == promtool.of("redirect", "engines")
    assert {'worker="77"' in line for line in text.splitlines() if not line.startswith("#")} == {True}
    journal.close()


def test_ingest_shows_its_own_and_nothing_else(tmp_path: Path) -> None:
    status = ShipStatus(connected=True, records=3)
    status.record_events.add(7)
    status.lag_seconds.add(0.02)
    made = registry(lambda: ingest_service.readings(status), lambda: backlog.readings(Backlog(bytes=5), 1 << 30))
    assert promtool.shown(exposition(made).decode()) == promtool.of("ingest", "journal")


def test_what_a_service_depends_on(tmp_path: Path) -> None:
    made = self_signed(tmp_path / "kafka.pem")
    (tmp_path / "ca.pem").touch()
    files = {"WAYMARK_KAFKA_CERT": str(made), "WAYMARK_KAFKA_CA": str(tmp_path / "ca.pem")}
    files["WAYMARK_REDIS_URL"] = f"rediss://redis.example?ssl_ca_certs={made}"
    settings = read({"WAYMARK_KAFKA_SECURITY": "SSL", **files}, data=tmp_path)
    assert folders(settings, journals=True).keys() == {"data", "files", "warehouse", "journal"}
    assert folders(settings, journals=True, data=False) == {"journal": tmp_path / "journal"}
    around = Surroundings(folders(settings, journals=False), certificates(settings), lambda: Room(3, 5))
    for part, up in (("redis", True), ("kafka", False), ("aggregator", False)):
        around.saw(part, up)
    text = exposition(registry(around.readings)).decode()
    assert promtool.shown(text) == promtool.of("engines", "certificates")
    found = {line.partition(" ")[0]: float(line.partition(" ")[2]) for line in text.splitlines() if line[0] != "#"}
    assert [found[f'waymark_engine_up{{engine="{engine}"}}'] for engine in ("redis", "kafka")] == [1, 0]
    assert found['waymark_disk_free_bytes{folder="warehouse"}'] == 3
    assert 0 < found['waymark_disk_free_bytes{folder="data"}'] < found['waymark_disk_size_bytes{folder="data"}']
    for name in ("kafka_cert", "redis_ca"):
        assert found[f'waymark_certificate_end_time_seconds{{certificate="{name}"}}'] > time.time()
    # Left out: a folder that does not exist, a file without a certificate, a part that is no engine.
    assert not [name for name in found if "files" in name or "kafka_ca" in name or "aggregator" in name]


def test_an_aggregator_and_the_questions_show_their_own(tmp_path: Path) -> None:
    warehouse = Warehouse(folder=tmp_path / "chdb")
    moving = Aggregator(JournalBus(tmp_path / "journal", tmp_path / "intents", uptime), warehouse.connect)
    made = registry(lambda: aggregator.readings(moving))
    assert promtool.shown(exposition(made).decode()) == promtool.of("aggregate")
    made.register(MetricsCollector(QueryPool(warehouse).metrics))
    assert promtool.shown(exposition(made).decode()) >= {"waymark_query_seconds"}


def test_a_spread_counts_as_prometheus_reads_it() -> None:
    spread = Histogram("waymark_aggregator_batch_events")
    for value in (1, 2, 100, 100_001):
        spread.add(value)
    other = Histogram("waymark_aggregator_batch_events")
    other.add(100)
    spread.merge(other)
    text = exposition(registry(lambda: {"waymark_aggregator_batch_events": spread})).decode()
    [family] = [f for f in text_string_to_metric_families(text) if f.name == "waymark_aggregator_batch_events"]
    found = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    assert [found[bound] for bound in ("1.0", "10.0", "100.0", "100000.0", "+Inf")] == [1, 2, 4, 4, 5]
    assert found["waymark_aggregator_batch_events_sum"] == 100_204


def test_the_depth_of_journals_is_what_no_one_has_acknowledged(tmp_path: Path) -> None:
    assert measure(tmp_path / "nothing") == Backlog()
    journal = Journal.open(tmp_path, source=5, now_ms=wall_ms, max_bytes=1 << 20)
    for _ in range(10):
        journal.append(REST)
    scanned_s = int(REST.split(b",")[0]) / 1000
    found = measure(tmp_path, now=lambda: scanned_s + 5)
    assert (found.journals, found.waiting, found.oldest_s) == (1, 10, 5.0)
    (tmp_path / "5" / "cursor.json").write_text('{"bus": "any", "following": 8}')
    assert measure(tmp_path).waiting == 3
    (tmp_path / "5" / "cursor.json").write_text('{"bus": "any", "following": 11}')
    found = measure(tmp_path)
    assert (found.waiting, found.oldest_s) == (0, 0.0)
    assert found.bytes > 0
    # On one machine it is the aggregator that takes them over.
    found = measure(tmp_path, lambda folder: {"5": 10}[folder.name], lambda: scanned_s + 7)
    assert (found.waiting, found.oldest_s) == (1, 7.0)
    assert left_behind(tmp_path) == 0, "its redirector lives"
    journal.close()
    assert measure(tmp_path).waiting == 0
    assert left_behind(tmp_path) == 1, "that it ended is to be shipped, too"
    (tmp_path / "5" / "cursor.json").write_text('{"bus": "any", "following": 12}')
    assert left_behind(tmp_path) == 0
