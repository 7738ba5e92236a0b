"""`waymark up` with Kafka as the way to the warehouse, and each service by itself."""

import json
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from drill.kafka import KafkaServer
from harness.clickhouse import server as clickhouse
from harness.launcher import WAYMARK
from harness.ports import free_ports
from tests.servers.redis import RedisServer
from tests.waymark import promtool
from tests.waymark.running import KEY, Up, up, wait_for
from waymark.logs import Line

pytestmark = pytest.mark.kafka


def test_up_ships_scans_through_kafka(kafka: KafkaServer) -> None:
    topic = f"up-{secrets.token_hex(4)}"
    with up(WAYMARK_KAFKA_BOOTSTRAP=kafka.bootstrap, WAYMARK_KAFKA_TOPIC=topic, WAYMARK_KAFKA_GROUP=topic) as one:
        assert len(one.child("ingest")) == 1
        code = one.create()
        for _ in range(20):
            assert one.scan(code["slug"])[0] == 302
        wait_for(lambda: one.total(code) == 20, within_s=60, what="scans came through Kafka")
        one.kill_group()
        one.start()
        assert one.scan(code["slug"])[0] == 302
        wait_for(lambda: one.total(code) == 21, within_s=60, what="it goes on after a kill")
        assert one.audit()["stored"] == 21
        assert one.stop() == 0


@contextmanager
def services(folder: Path, environment: dict[str, str], *names: str) -> Iterator[list[psutil.Popen]]:
    running = []
    try:
        for name in names:
            with (folder / f"{name}.log").open("ab") as log:
                command = [*WAYMARK, name, "--data", str(folder / name)]
                running.append(psutil.Popen(command, env=environment, stdout=log, stderr=log))
        yield running
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
                one.wait()


def test_each_service_by_itself(kafka: KafkaServer, redis_server: RedisServer, redis_url: str, tmp_path: Path) -> None:
    """Redirector, ingest and aggregator apart, as on several machines (chDB answers as ClickHouse would)."""
    topic = f"apart-{secrets.token_hex(4)}"
    one = Up(tmp_path)
    ports = free_ports(4)
    environment = {
        **one.environment,
        "WAYMARK_REDIS_URL": redis_url,
        "WAYMARK_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "WAYMARK_KAFKA_TOPIC": topic,
        "WAYMARK_KAFKA_GROUP": topic,
        "WAYMARK_JOURNAL": str(tmp_path / "journal"),
        "WAYMARK_SHIPPED_KEEP": "0",
        "WAYMARK_LOG_FORMAT": "json",
        "WAYMARK_API_PORT": str(one.api_port),
        "WAYMARK_REDIRECT_PORT": str(one.redirect_port),
    }

    def inside() -> dict[str, str]:
        """The journals are on another machine, as far as the aggregator can see."""
        return {**environment, "WAYMARK_JOURNAL": str(tmp_path / "no-journal-here")}

    def at(port: int, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "WAYMARK_STATUS_PORT": str(port)}

    with (
        clickhouse.apart(tmp_path / "clickhouse") as environment["WAYMARK_CLICKHOUSE_URL"],
        services(tmp_path, at(ports[0], environment), "redirect") as [redirect],
        services(tmp_path, at(ports[1], environment), "api") as [api],
        services(tmp_path, at(ports[2], environment), "ingest") as [ingest],
        services(tmp_path, at(ports[3], inside()), "aggregate") as [aggregate],
    ):
        key = subprocess.run(
            [*WAYMARK, "workspace", "create", "default"], env=environment, capture_output=True, text=True, timeout=60
        )
        assert key.returncode == 0, key.stderr
        made = subprocess.run([*WAYMARK, "key", "create"], env=environment, capture_output=True, text=True, timeout=60)
        one.key = made.stdout.strip()
        assert one.key != KEY
        wait_for(lambda: answers(one), within_s=60, what="the API answers")
        code = one.create()
        wait_for(lambda: one.scan(code["slug"])[0] == 302, within_s=60)
        for process in (redirect, ingest, aggregate, api):
            assert process.is_running()
        where = [["redirect"], ["api"], ["ingest", "journal"], ["aggregate", "proof"]]
        for port, services_there in zip(ports, where, strict=True):
            around = ["engines"] if services_there == ["redirect"] else ["engines", "certificates"]
            assert promtool.shown(promtool.asked(port)) == promtool.of(*services_there, *around)
            assert promtool.asked(port, "/readyz")
        audit = [*WAYMARK, "audit", "--data", str(tmp_path / "aggregate"), "--json"]

        def audited() -> Any:
            done = subprocess.run(audit, env=inside(), capture_output=True, text=True, timeout=60)
            return json.loads(done.stdout) if done.stdout else None

        def proven(state: str) -> bool:
            """The one scan, and the audit clean, with its source open or closed."""
            report = audited()
            looked = {check["name"]: check["looked_at"] for check in report["checks"]} if report else {}
            return bool(report) and report["clean"] and report["stored"] == 1 and looked[f"{state} sources"] == 1

        wait_for(lambda: proven("open"), within_s=60, what="a source that is open elsewhere is proven")
        # The API, which is a process of its own, knows until when everything is stored: from heartbeats and head notes.
        scanned = one.call("GET", f"/v1/dynamic/{code['id']}")[1]["created_at"]

        def said() -> Any:
            return one.call("GET", "/v1/proof")[1]

        wait_for(lambda: (said()["complete_until"] or "") > scanned, within_s=60, what="complete until after the scan")
        wait_for(lambda: said()["verdict"] == "green", within_s=120, what="the proof is green")
        assert (said()["scans"]["given_out"], said()["held_back_by"]) == (1, [])
        # SIGTERM ends each of them. One right after the other, as in a pod: the journal reaches the warehouse.
        for process in (redirect, ingest):
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        wait_for(lambda: proven("closed"), within_s=60, what="the scan is stored, and the audit clean")
        for process in (aggregate, api):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in (aggregate, api)] == [0, 0]
    for name in ("redirect", "ingest", "aggregate", "api"):
        logged = (tmp_path / f"{name}.log").read_text().splitlines()
        assert {msgspec.json.decode(line, type=Line).service for line in logged} == {name}


def answers(one: Up) -> bool:
    try:
        return one.call("GET", "/v1/dynamic")[0] == 200
    except OSError:
        return False
