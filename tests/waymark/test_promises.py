"""Edits, a Redis that is away, and privacy, through everything that `up` runs."""

import asyncio
import json
import random
import re
import signal

import psutil
import pytest

from harness.scanners import Connection
from infra.warehouse import Warehouse
from tests.waymark.running import KEY, Up, up, wait_for
from waymark.demo.business import STORIES

EDITS = 4_000
EDITORS = 20


async def one_to_each_worker(one: Up) -> list[Connection]:
    """Connections of which each redirector has accepted one."""
    workers = [child.pid for child in one.child("redirect")]
    found: dict[int, Connection] = {}
    spare = []
    for _ in range(200):
        connection = await Connection.open(one.redirect_port, reopens=True)
        assert (await connection.request("GET /healthz HTTP/1.1"))[0] == 200
        owner = next(pid for pid in workers if connection.local_port in remote_ports(pid))
        if owner in found:
            spare.append(connection)
        else:
            found[owner] = connection
        if len(found) == len(workers):
            break
    for connection in spare:
        connection.close()
    assert len(found) == len(workers) == 2
    return list(found.values())


def remote_ports(pid: int) -> set[int]:
    return {one.raddr.port for one in psutil.Process(pid).net_connections(kind="tcp") if one.raddr}


@pytest.mark.timeout(900)
@pytest.mark.kill
async def test_after_an_edit_no_scan_goes_to_the_old_destination() -> None:
    """4,000 times: PATCH, and as soon as it has answered, a scan at each of two redirectors."""
    with up(workers=2) as one:
        codes = [one.create(f"https://example.com/{editor}/first") for editor in range(EDITORS)]
        connections = [
            (await one_to_each_worker(one), await Connection.open(one.api_port, reopens=True)) for _ in range(EDITORS)
        ]
        wrong: list[tuple[str, str]] = []

        async def editor(number: int) -> int:
            scanners, api = connections[number]
            code = codes[number]
            patch = f"PATCH /v1/dynamic/{code['id']} HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\n"
            patch += "Content-Type: application/json"
            done = 0
            for edit in range(EDITS // EDITORS):
                destination = f"https://example.com/{number}/{edit}"
                status, _, answer = await api.request(patch, json.dumps({"destination": destination}).encode())
                assert status == 200, answer
                for location in await asyncio.gather(*(scanner.scan(code["slug"]) for scanner in scanners)):
                    if location != (302, destination):
                        wrong.append((destination, str(location)))
                done += 1
            return done

        done = await asyncio.gather(*map(editor, range(EDITORS)))
        assert sum(done) == EDITS
        assert wrong == []
        # (8,000 scans are beyond what is under way at once: all of them are counted too.)
        stored = one.audit()
        assert stored["stored"] + stored["waiting"] == 2 * EDITS


def test_redis_away_and_back() -> None:
    with up() as one:
        cached, other = one.create("https://example.com/cached"), one.create("https://example.com/other")
        assert one.scan(cached["slug"]) == (302, "https://example.com/cached")
        [redis] = one.child("redis")
        redis.send_signal(signal.SIGSTOP)
        try:
            # Known codes go on, at once; of others nobody knows, which is not the same as that there are none.
            for _ in range(3):
                assert one.scan(cached["slug"]) == (302, "https://example.com/cached")
            assert one.scan("never-seen")[0] == 503
            assert one.call("GET", "/v1/dynamic")[0] == 503
        finally:
            redis.send_signal(signal.SIGCONT)
        wait_for(lambda: one.call("GET", "/v1/dynamic")[0] == 200, what="the API is back")
        wait_for(lambda: one.scan(other["slug"]) == (302, "https://example.com/other"), what="others redirect")
        assert one.scan("never-seen")[0] == 404
        wait_for(lambda: one.total(cached) == 4, what="what was scanned meanwhile is counted")
        one.audit()


def test_neither_address_nor_user_agent_is_kept_anywhere() -> None:
    mark = f"Probe{random.getrandbits(60):x}"
    agent = f"Mozilla/5.0 (Linux; Android 14; {mark}) AppleWebKit/537.36 Chrome/125.0 Mobile Safari/537.36"
    addresses = ["203.0.113.77", "2001:db8:77aa:bb::c0de"]
    with up() as one:
        code = one.create()
        for address in addresses:
            for header in ("X-Forwarded-For", "CF-Connecting-IP"):
                headers = {header: address, "User-Agent": agent, "Referer": f"https://ref.example/page?{mark}"}
                assert one.scan(code["slug"], **headers)[0] == 302
                assert one.scan("nothing-here", **headers)[0] == 404
        # While it is still in the journal, and when all is stored.
        needles = [mark, *addresses]
        assert found_in(one, needles) == []
        wait_for(lambda: one.total(code) == 4)
        assert one.stop() == 0
        assert found_in(one, needles) == []
        client = Warehouse(folder=one.data / "warehouse").connect()
        try:
            for table in ("scans", "scans_by_time", "scans_by_value", "sources", "ledger", "dead_letters"):
                rows = client.raw_query(f"SELECT * FROM {table} FORMAT JSONEachRow").decode("latin-1")
                assert [needle for needle in needles if needle in rows] == []
            assert client.query("SELECT count() FROM scans WHERE browser = 'Chrome'").result_rows[0][0] >= 4
        finally:
            client.close()


def found_in(one: Up, needles: list[str]) -> list[str]:
    """Files of the data folder, and of what was logged, that hold one of them."""
    files = [one.out, one.err, *(path for path in one.data.rglob("*") if path.is_file())]
    return [f"{needle} in {path}" for path in files for needle in needles if needle.encode() in path.read_bytes()]


@pytest.mark.proof
def test_the_demonstration_is_stored_proven_and_removed() -> None:
    with up() as one:
        kept = one.create(label="not of the demonstration")
        done = one.command("demo", "--scans", "3000")
        assert done.returncode == 0, done.stderr
        assert f"http://localhost:{one.redirect_port}/menu" in done.stdout
        assert re.search(rf"http://localhost:{one.api_port}/#token=\S+", done.stdout)
        _, page = one.call("GET", "/v1/dynamic?limit=100")
        codes = [code for code in page["codes"] if code["id"] != kept["id"]]
        assert len(codes) == len(STORIES)
        asked = {"metrics": ["scans"], "date_range": "all", "dimensions": ["code:label"], "pagination": {"limit": 100}}

        def counted() -> dict[str, int]:
            """Nothing before it is known until when everything is stored."""
            _, answer = one.call("POST", "/v1/query", asked)
            return {row["dimensions"][0]: row["metrics"][0] for row in answer["results"]}

        counts: dict[str, int] = wait_for(counted)
        # Bots and previews are stored, and are in no total.
        assert 2000 < sum(counts.values()) < 2900
        assert max(counts, key=lambda label: counts[label]) == "Menu, every table"
        assert one.audit()["stored"] == 3000
        again = one.command("demo")
        assert again.returncode == 2
        assert "--remove" in again.stderr
        gone = one.command("demo", "--remove")
        assert gone.returncode == 0, gone.stderr
        assert f"removed {len(STORIES)} codes" in gone.stdout
        assert one.audit()["stored"] == 0
        assert [code["id"] for code in one.call("GET", "/v1/dynamic")[1]["codes"]] == [kept["id"]]
        for path in ("folders", "reports", "styles"):
            assert one.call("GET", f"/v1/{path}")[1][path] == []
        assert one.stop() == 0
        refused = one.command("demo")
        assert refused.returncode == 2
        assert "waymark up" in refused.stderr
