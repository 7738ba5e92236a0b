"""`waymark up` from its first start to its end."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from harness.launcher import WAYMARK
from harness.ports import free_ports
from tests.waymark import promtool
from tests.waymark.running import KEY, Up, end, shown_key, up, wait_for
from waymark import embedded_redis, net
from waymark.data_dir import DataDir

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up(workers=2) as one:
        yield one


def test_a_scan_is_counted_within_a_second_and_the_audit_is_clean_beside_it(running: Up) -> None:
    code = running.create("https://example.com/spring-launch", label="Spring poster")
    assert code["short_url"] == f"http://localhost:{running.redirect_port}/{code['slug']}"
    before = running.audit()["stored"]
    assert running.scan(code["slug"]) == (302, "https://example.com/spring-launch")
    # A second is the promise, and the bench's to measure; the machine of the tests may be busy.
    wait_for(lambda: running.total(code) == 1, within_s=60, what="the scan is counted")
    report = running.audit()
    assert report["stored"] == before + 1


def test_it_says_where_everything_is(running: Up) -> None:
    told = running.told()
    for said in ("redis (process", "core (process", "redirect 1 (process", "redirect 2 (process", str(running.data)):
        assert said in told
    assert f"http://localhost:{running.redirect_port}/" in told
    assert f"http://localhost:{running.api_port}/docs" in told
    assert KEY not in told
    assert told.count("WAYMARK_EDGE=cloudflare") == 1


def test_nobody_scanning_asks_redis_little(running: Up) -> None:
    """Pings of the redirectors are the clock: each publishes five a second."""
    with redis.Redis.from_url(embedded_redis.url(DataDir(running.data))) as store:

        def calls() -> tuple[int, int]:
            told: dict[str, dict[str, int]] = store.info("commandstats")
            by_name = {name.removeprefix("cmdstat_"): each["calls"] for name, each in told.items()}
            # What a ping, and a registration, is made of, and what we ask here.
            pings = {"eval", "get", "publish", "time", "zadd", "info"}
            return by_name["eval"], sum(count for name, count in by_name.items() if name not in pings)

        pings, others = calls()
        wait_for(lambda: calls()[0] >= pings + 30)
        after = calls()
        assert after[1] - others < after[0] - pings


def test_every_part_answers_about_itself(running: Up) -> None:
    for port in (running.api_port, running.redirect_port):
        for path in ("/healthz", "/readyz"):
            with socket.create_connection(("localhost", port)) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                assert connection.recv(100).startswith(b"HTTP/1.1 200"), (port, path)


def test_what_is_for_operators_is_on_no_public_port(running: Up) -> None:
    for port in (running.api_port, running.redirect_port):
        for path in ("/metrics", "/-/tls-ask?domain=go.example.com"):
            with socket.create_connection(("localhost", port)) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                assert connection.recv(100).startswith(b"HTTP/1.1 404"), (port, path)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        promtool.asked(running.status_port, "/-/tls-ask?domain=go.example.com")
    # Another one on this machine takes the next port that is free.
    assert running.status_port >= 8002
    others = net.listen_for_status("localhost", None)
    assert {one.getsockname()[1] for one in others} - {running.status_port} != set()
    for one in others:
        one.close()
    with pytest.raises(net.PortTaken, match="WAYMARK_STATUS_PORT"):
        net.listen_for_status("localhost", running.status_port)


def test_what_it_counts_is_in_the_catalogue(running: Up) -> None:
    text = promtool.asked(running.status_port)
    around = ("engines", "certificates")
    assert promtool.shown(text) == promtool.of("aggregate", "api", "journal", "proof", "redirect", *around)
    # All at one port: no series must be taken for another's.
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(set(series)) == len(series)
    workers = [name.partition("{")[2] for name in series if name.startswith("waymark_memory_bytes")]
    assert workers == ["", 'worker="1"}', 'worker="2"}']


def test_what_is_stored_waits_no_more(running: Up) -> None:
    code = running.create()
    running.scan(code["slug"])
    wait_for(lambda: running.total(code) == 1)

    def waiting() -> set[str]:
        lines = promtool.asked(running.status_port).splitlines()
        return {line for line in lines if line.startswith(("waymark_journal_waiting", "waymark_journal_oldest"))}

    none = {"waymark_journal_waiting_events 0.0", "waymark_journal_oldest_age_seconds 0.0"}
    wait_for(lambda: waiting() == none, what="the journals' owner says that nothing waits")


def test_every_part_may_have_as_many_descriptors_as_the_machine_lets_it(running: Up) -> None:
    for one in running.children():
        soft, hard = one.rlimit(psutil.RLIMIT_NOFILE)
        assert soft == hard


def test_both_addresses_of_localhost_answer(running: Up) -> None:
    families = {entry[0] for entry in socket.getaddrinfo("localhost", running.api_port, type=socket.SOCK_STREAM)}
    for family in families:
        with socket.socket(family) as connection:
            connection.connect(("::1" if family == socket.AF_INET6 else "127.0.0.1", running.api_port))


def test_a_second_one_on_the_same_folder_is_refused_and_told_why(running: Up) -> None:
    done = running.command("up")
    assert done.returncode == 2
    assert running.process is not None
    assert str(running.process.pid) in done.stderr
    assert "--data" in done.stderr


@pytest.mark.parametrize(("flag", "other"), [("--api-port", "--redirect-port"), ("--redirect-port", "--api-port")])
def test_a_port_in_use_is_named(running: Up, flag: str, other: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*WAYMARK, "up", "--data", str(tmp_path / "d"), other, str(free_ports(1)[0]), flag, str(running.api_port)],
        env=running.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert f"Port {running.api_port}" in done.stderr
    assert flag in done.stderr


def test_workspaces_and_keys_beside_it(running: Up) -> None:
    assert running.command("workspace", "create", "second").returncode == 0
    made = running.command("key", "create", "--workspace", "second", "--scope", "read")
    key = made.stdout.strip()
    status, page = running.call("GET", "/v1/dynamic", key=key)
    assert (status, page["codes"]) == (200, [])
    assert running.call("POST", "/v1/dynamic", {"destination": "https://example.com/"}, key=key)[0] == 403
    listed = running.command("key", "list", "--workspace", "second").stdout
    assert key not in listed
    assert running.command("key", "revoke", listed.split()[-1], "--workspace", "second").returncode == 0
    assert running.call("GET", "/v1/dynamic", key=key)[0] == 401
    assert running.command("key", "create", "--workspace", "third").returncode == 1


def test_export_and_import(running: Up, tmp_path: Path) -> None:
    code = running.create("https://example.com/moves")
    file = tmp_path / "all.ndjson"
    assert running.command("export", str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    other = Up(tmp_path, key=KEY)
    other.make_folder()
    done = other.command("import", str(file))
    assert done.returncode == 0, done.stderr
    again = tmp_path / "again.ndjson"
    assert other.command("export", str(again)).returncode == 0
    assert code["id"] in again.read_text()


def test_scans_are_written_to_a_file_beside_it(running: Up, tmp_path: Path) -> None:
    code = running.create("https://example.com/exported")
    for _ in range(3):
        running.scan(code["slug"])
    wait_for(lambda: running.total(code) == 3, what="the scans are counted")

    def exported() -> list[dict[str, str]]:
        done = running.command("export", "--scans", str(tmp_path / "scans.ndjson"))
        assert done.returncode == 0, done.stderr
        lines = (tmp_path / "scans.ndjson").read_text().splitlines()
        assert f"{len(lines):,} scans in" in done.stderr
        return [scan for scan in map(json.loads, lines) if scan["code"] == code["id"]]

    # Up to `complete_until`, which is a moment behind.
    wait_for(lambda: len(exported()) == 3, what="the scans are in the file")
    assert {(scan["slug"], scan["kind"], scan["entry"]) for scan in exported()} == {(code["slug"], "human", "link")}
    assert [path.name for path in tmp_path.iterdir()] == ["scans.ndjson"]
    wrong = running.command("export", "--scans", "--workspace", "nobodys", str(tmp_path / "none.csv"))
    assert (wrong.returncode, "there is no workspace 'nobodys'" in wrong.stderr) == (2, True)
    assert not (tmp_path / "none.csv").exists()
    piped = running.command("export", "--scans", "--from", "2000-01-01", "--to", "2000-01-02")
    assert piped.stdout.startswith('"at","code","slug"')


def test_links_of_other_services_are_brought_in_and_scanned(running: Up, tmp_path: Path) -> None:
    export, report = ROOT / "tests" / "codes" / "exports" / "bitly.csv", tmp_path / "report.csv"
    dry = running.command("import", str(export), "--dry-run")
    assert (dry.returncode, dry.stdout.splitlines()[0]) == (
        0,
        "Bitly: the CSV of its links page, or the JSON of its API: 1 skipped, 2 would be made",
    )
    done = running.command("import", str(export), "--report", str(report), "--json")
    said = json.loads(done.stdout)
    assert (said["format"], said["made"], said["skipped"]) == ("bitly", 2, 1), done.stderr
    for back_half in ("Spring-Menu", "3xK9aBc"):
        assert running.scan(back_half) == (302, "https://cafe.example.com/menu?table=1")
    assert report.read_text().splitlines()[3].startswith("4,skipped,")
    again = running.command("import", str(export), "--from", "bitly", "--json")
    assert (json.loads(again.stdout)["there"], again.returncode) == (2, 0)
    # Without anything running beside it.
    other = Up(tmp_path / "other", key=KEY)
    other.make_folder()
    assert json.loads(other.command("import", str(export), "--json").stdout)["made"] == 2


def test_the_first_key_is_shown_once_and_kept_nowhere() -> None:
    with tempfile.TemporaryDirectory(prefix="wm-up-") as folder:
        one = Up(Path(folder), key=None)
        try:
            one.start()
            one.key = shown_key(one.told())
            assert one.key is not None
            code = one.create()
            assert one.scan(code["slug"])[0] == 302
            assert one.stop() == 0
            kept = [path for path in one.data.rglob("*") if path.is_file()]
            assert kept
            assert not [path for path in kept if one.key.encode() in path.read_bytes()]
            one.out.write_text("")
            one.start()
            assert shown_key(one.told()) is None
            assert "waymark key create" in one.told()
            assert one.call("GET", f"/v1/dynamic/{code['id']}")[0] == 200
            assert one.total(code) == 1
            assert one.stop() == 0
        finally:
            end(one)


def test_a_stop_leaves_nothing_running_and_nothing_to_do() -> None:
    with up() as one:
        code = one.create()
        answers = [one.scan(code["slug"])[0] for _ in range(50)]
        assert answers == [302] * 50
        children = one.children()
        assert one.stop() == 0
        assert [child for child in children if child.is_running()] == []
        # Closed, stored and deleted: no journal waits for the next start.
        assert [path.name for path in (one.data / "journal").iterdir() if path.name.isdigit()] == []
        assert "restarting it" not in one.told() + one.logged()
        report = one.audit()
        assert report["stored"] == 50
        assert report["sources"] == []


def test_an_interrupt_of_the_whole_group_stops_it_as_cleanly() -> None:
    with up() as one:
        code = one.create()
        assert one.scan(code["slug"])[0] == 302
        assert one.process is not None
        os.killpg(one.process.pid, signal.SIGINT)
        assert one.process.wait(30) == 0
        assert "Traceback" not in one.logged()
        assert one.audit()["stored"] == 1


def test_a_second_signal_hurries() -> None:
    with up() as one:
        children = one.children()
        assert one.process is not None
        for redirector in one.child("redirect"):
            redirector.suspend()
        one.process.terminate()
        time.sleep(0.5)
        assert one.process.poll() is None
        one.process.terminate()
        assert one.process.wait(8) == 0
        assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
        one.start()
        one.audit()


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*WAYMARK, "up", "--data", str(tmp_path / "d")],
        env={**os.environ, "WAYMARK_WORKERS": "none"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "WAYMARK_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr
