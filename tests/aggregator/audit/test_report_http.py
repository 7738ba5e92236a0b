"""The audit of a warehouse that is a server: the same proof by HTTP, with more sources than fit into an address."""

from pathlib import Path

import msgspec

from aggregator.audit.evidence import Account
from aggregator.audit.report import Evidence, audit, render
from aggregator.audit.rollups import Memory
from aggregator.queries import CONSISTENT
from harness.clickhouse.server import running
from infra.migrate import migrate
from infra.rollups import add_values
from infra.warehouse import Warehouse
from schemas.event import DIGEST, LINE_CHECK_SETTINGS

SOURCES = 400


def test_all_of_it_by_http(tmp_path: Path) -> None:
    with running(tmp_path / "warehouse") as bridge:
        client = Warehouse(url=f"{bridge.url}/default").connect(max_threads=1, **CONSISTENT)
        migrate(client)
        base = 2**62
        client.command(
            "INSERT INTO scans (source, seq, ts_ms, code, kind, outcome, country, lat, visitor)"
            f" SELECT {base} + intDiv(number, 3), number % 3 + 1, 1790000000000 + number, 5, 'human', 'redirect', 'GB',"
            f" 52.5, 7 FROM numbers({3 * SOURCES})"
        )
        add_values(client, "1")
        digests = client.query(
            f"SELECT source, {DIGEST} FROM scans GROUP BY source", settings=LINE_CHECK_SETTINGS
        ).result_rows
        register = [Account("Redis", source, 3, 0, digest, True, 0) for source, digest in digests]
        memory = Memory("ab" * 16)
        evidence = Evidence(registers=(lambda: register,), deleted=set)
        report = audit(client, evidence, sleep=lambda _: None, memory=memory)
        assert report.clean, render(report)
        assert report.stored == 3 * SOURCES and memory.proven == {}
        altered = [one if one.source != base else msgspec.structs.replace(one, digest=1) for one in register]
        evidence = Evidence(registers=(lambda: altered,), deleted=set)
        report = audit(client, evidence, sleep=lambda _: None)
        assert f"source {base} (1-3): altered" in render(report)
        client.close()
