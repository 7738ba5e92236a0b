"""The command beside a running `up`, and what it says when it cannot."""

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.ports import free_ports
from ingest.journal import Journal
from ingest.journal_files import segment_path, segments
from tests.servers import bucket
from tests.waymark.running import Up, up, wait_for
from waymark import redis_program
from waymark.command import main

EXPORTS = Path(__file__).parents[1] / "codes" / "exports"


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    with up() as one:
        yield one


def test_rebuild_beside_it_changes_no_answer(running: Up) -> None:
    code = running.create()
    for _ in range(5):
        assert running.scan(code["slug"])[0] == 302
    wait_for(lambda: running.total(code) == 5)
    done = running.command("rebuild", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rebuilt"] >= 2
    assert running.total(code) == 5
    running.audit()


def test_stats_of_the_core_and_of_an_api(running: Up) -> None:
    code = running.create(tags=["counted"], label="Menu")
    for _ in range(3):
        assert running.scan(code["slug"])[0] == 302
    shown = wait_for(
        lambda: (text := running.command("stats", "--tag", "counted", "--by", "code").stdout).count("3 scans") and text,
        what="the scans are before what is complete",
    )
    assert "tag counted · " in shown and f"  {code['slug']} · Menu  ████" in shown and "\x1b" not in shown
    core = json.loads(running.command("stats", code["slug"], "--json", "--compare", "year").stdout)
    assert core["total"]["results"][0]["metrics"][:2] == [3, 1] and len(core["series"]["results"]) == 28
    done = subprocess.run(
        [*running.program, "stats", "--url", f"http://127.0.0.1:{running.api_port}", "--ascii", code["id"]],
        env=running.environment | {"WAYMARK_KEY": running.key or ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "3 scans" in done.stdout and done.stdout.isascii()
    for words, said in (
        (("no-such",), "no-such: is no id and no slug of a code"),
        (("--range", "x"), "date_range: must be"),
        (("--by", "planet"), "there are 15m, browser"),
        (("--workspace", "nobody's"), "there is no workspace"),
        (("--since", "2026-01-01", "--timezone", "Mars"), "no zone of the IANA database"),
    ):
        refused = running.command("stats", *words)
        assert (refused.returncode, refused.stdout) == (2, "") and said in refused.stderr, refused.stderr


def test_a_deleted_code_is_erased_and_the_audit_stays_clean(running: Up) -> None:
    code = running.create()
    assert running.scan(code["slug"])[0] == 302
    wait_for(lambda: running.total(code) == 1)
    assert running.call("DELETE", f"/v1/dynamic/{code['id']}")[0] == 200
    assert running.scan(code["slug"])[0] == 404
    wait_for(lambda: running.audit()["erased"] >= 1, within_s=40, what="the rows are erased")


def test_an_unreadable_record_stops_its_journal_until_it_is_skipped(running: Up) -> None:
    code = running.create()
    source = secrets.randbelow(2**62) + 1
    folder = running.data / "journal"
    journal = Journal.open(folder, source=source, now_ms=lambda: time.time_ns() // 1_000_000, max_bytes=1 << 30)
    last = segment_path(folder / str(source), segments(folder / str(source))[-1])
    with last.open("ab") as file:
        file.write(f"[{source},1,what is this]\n".encode())
    journal.close()

    def stopped() -> bool:
        told = json.loads(running.command("status").stdout)["aggregator"]["partitions"]
        return any(one["partition"] == source and one["state"] == "stopped" for one in told)

    wait_for(stopped, what="the journal's partition is stopped")
    # Others go on.
    assert running.scan(code["slug"])[0] == 302
    wait_for(lambda: running.total(code) == 1)
    ready, answer = running.call("GET", "/readyz")
    assert ready == 503, answer
    assert "aggregator" in answer["missing"]
    audit = running.command("audit")
    assert audit.returncode == 1
    assert f"partition {source} is stopped: unreadable record at offset 1" in audit.stdout
    done = running.command("skip", str(source))
    assert done.returncode == 0, done.stderr
    assert str(source) in done.stdout
    wait_for(lambda: running.call("GET", "/readyz")[0] == 200)
    assert running.command("skip", str(source)).returncode == 2
    assert running.command("skip", "--replay").returncode == 0


def test_check_says_what_arrives_from_whom_and_why_visits_have_no_country(running: Up) -> None:
    code = running.create()
    for _ in range(2):
        # One visit in a tenth of a second is looked at.
        time.sleep(0.11)
        assert running.scan(code["slug"], **{"CF-IPCountry": "DE", "CF-Connecting-IP": "192.0.2.1"})[0] == 302
    done = running.command("check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {one["about"]: one for one in json.loads(done.stdout)}
    assert {found[about]["state"] for about in ("redis", "persistence", "warehouse", "settings")} == {"ok"}
    assert "cloudflare's arrive from this machine" in found["edge headers"]["text"]
    assert "not trusted" in found["edge headers"]["text"]
    told = [one["text"] for one in json.loads(done.stdout) if one["about"] == "countries"]
    assert any("headers of cloudflare arrive from this machine, and WAYMARK_EDGE names no edge" in one for one in told)
    assert "192.0.2.1" not in done.stdout


def test_check_reaches_every_engine(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_REDIS_URL", redis_url)
    monkeypatch.setenv("WAYMARK_REDIS_REPLICA_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("WAYMARK_CLICKHOUSE_URL", "http://127.0.0.1:1")
    assert CliRunner().invoke(main, ["workspace", "create", "default", "--new"]).exit_code == 0
    monkeypatch.setenv("WAYMARK_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    # Nothing is said to be done that the change log does not have.
    done = CliRunner().invoke(main, ["workspace", "create", "second"])
    assert done.exit_code == 2 and "the change log's topic takes nothing" in done.output
    with bucket.serving() as (address, _):
        monkeypatch.setenv("WAYMARK_FILES_BUCKET", address)
        done = CliRunner().invoke(main, ["check", "--json", "--data", str(tmp_path / "none")])
    found = {one["about"]: one["state"] for one in json.loads(done.stdout)}
    assert (found["redis"], found["persistence"], found["bucket"]) == ("ok", "ok", "ok")
    assert found["change log"] == "warning"
    assert (found["redis replica"], found["warehouse"], found["kafka"]) == ("bad", "bad", "bad")
    assert done.exit_code == 1
    assert not (tmp_path / "none").exists()


def test_an_import_keeps_past_scans_apart_however_often_it_runs(running: Up) -> None:
    """Through the core, which owns the warehouse; they are no scans, so the audit has nothing to say of them."""
    for _ in range(2):
        done = running.command("import", str(EXPORTS / "shlink-visits.json"), "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["past_scans"] == 6
    [fair] = [code for code in running.call("GET", "/v1/dynamic")[1]["codes"] if code["slug"] == "fair"]
    status, past = running.call("GET", f"/v1/dynamic/{fair['id']}/imported")
    assert (status, past["total"], past["undated"], past["by_service"]) == (200, 6, 2, [{"value": "shlink", "n": 6}])
    assert running.total(fair) == 0
    running.audit()
    assert running.call("DELETE", f"/v1/dynamic/{fair['id']}")[0] == 200


def test_migrate_has_nothing_left_to_do(running: Up) -> None:
    done = running.command("migrate", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        *(["rebuild"], ["status"], ["demo"], ["skip", "1"], ["migrate"], ["audit"], ["workspace", "list"]),
        *(["export", "codes.ndjson"], ["import", "codes.ndjson"], ["import", "--dry-run", "links.csv"]),
        *(["key", "create"], ["key", "list"], ["key", "revoke", "x"], ["workspace", "create", "x"]),
        *(["workspace", "plan", "default"], ["workspace", "schemes", "default"]),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("there", [False, True])
def test_only_up_makes_a_data_folder(
    words: list[str], there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From cron in the wrong folder `export` wrote an empty backup with exit 0, and `key create` a key for nothing."""
    monkeypatch.chdir(tmp_path)
    if words[0] == "import":
        (tmp_path / words[-1]).write_text(
            "slug,destination\na,https://e.com/\n" if "csv" in words[-1] else '{"is":"waymark","format":1}\n'
        )
    if there:
        (tmp_path / "data").mkdir()
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(main, words)
    assert done.exit_code == (2 if words == ["audit"] else 1), done.output
    assert done.output.startswith("Error: ")
    assert str(tmp_path / "data") in done.output
    assert sorted(tmp_path.rglob("*")) == before


def test_an_export_of_nothing_is_no_backup(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_REDIS_URL", redis_url)
    file = tmp_path / "codes.ndjson"
    file.write_text("the backup of yesterday")
    assert CliRunner().invoke(main, ["workspace", "create", "default"]).exit_code == 0
    done = CliRunner().invoke(main, ["export", str(file)])
    assert done.exit_code == 1
    assert "no code in the Redis of WAYMARK_REDIS_URL (1 workspace)" in done.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the backup of yesterday"]
    done = CliRunner().invoke(main, ["export", str(file), "--allow-empty"])
    assert (done.exit_code, done.output) == (0, f"1 workspace in {file}\n")
    assert CliRunner().invoke(main, ["export"]).exit_code == 1


def test_an_import_in_which_nothing_was_made_fails(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that went on after the wrong file had been imported let the printed links die."""
    monkeypatch.setenv("WAYMARK_REDIS_URL", redis_url)
    own = tmp_path / "own.ndjson"
    assert CliRunner().invoke(main, ["export", str(own), "--allow-empty"]).exit_code == 0
    done = CliRunner().invoke(main, ["import", str(own)])
    assert (done.exit_code, done.output) == (1, "nothing in it\nError: nothing was imported\n")
    assert CliRunner().invoke(main, ["workspace", "create", "default"]).exit_code == 0
    file = tmp_path / "links.csv"

    def run(content: str, *flags: str) -> Result:
        file.write_text(content)
        return CliRunner().invoke(main, ["import", str(file), *flags])

    for content in ("slug,destination\n", "slug,destination\napi,https://e.com/\n", "[]", "a,b\n1,2\n"):
        for flags in ([], ["--dry-run"], ["--json"]):
            done = run(content, *flags)
            assert done.exit_code == 1, done.output
    assert "the slug 'api' is reserved" in run("slug,destination\napi,https://e.com/\n").output
    good = "slug,destination,owner\nmenu,https://93.184.215.14/,Ann\napi,https://93.184.215.14/,Bob\n"
    assert run(good, "--dry-run").exit_code == 0
    done = run(good, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (
        0,
        {"format": "csv", "made": 1, "skipped": 1, "past_scans": 0, "left_out": {"owner": 1}, "missing": 0},
    )
    # Again: it is what was asked for that is there.
    assert run(good, "--dry-run").exit_code == 0
    done = run(good)
    assert (done.exit_code, "Not imported: owner (1)" in done.output) == (0, True)


def test_every_command_explains_itself() -> None:
    for name in main.list_commands(None):  # type: ignore[arg-type]
        done = CliRunner().invoke(main, [name, "--help"])
        assert done.exit_code == 0, done.output
        assert len(done.output.splitlines()) > 4


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("api", ["WAYMARK_REDIS_URL", "WAYMARK_CLICKHOUSE_URL"]),
        ("aggregate", ["WAYMARK_REDIS_URL", "WAYMARK_CLICKHOUSE_URL"]),
        ("redirect", ["WAYMARK_REDIS_URL"]),
        ("ingest", ["WAYMARK_KAFKA_BOOTSTRAP"]),
    ],
)
def test_a_service_without_what_it_needs_says_which_variables(name: str, variables: list[str], tmp_path: Path) -> None:
    """Without a ClickHouse address they opened an empty warehouse of their own, and showed zeros."""
    done = CliRunner().invoke(main, [name, "--data", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert [line.removeprefix("Error: ").split()[0] for line in done.output.splitlines()] == variables
    assert not (tmp_path / "none").exists()


def test_nothing_starts_or_is_made_with_settings_that_cannot_be_used(tmp_path: Path) -> None:
    alone = Up(tmp_path, key="changeme", WAYMARK_SHORT_URL="go.example.com", WAYMARK_SHORTURL="https://go.example.com")
    done = alone.command("up")
    assert done.returncode == 2
    assert "is WAYMARK_SHORT_URL meant?" in done.stderr
    assert "\nWAYMARK_BOOTSTRAP_KEY cannot be used" in done.stderr
    assert "changeme" not in done.stderr
    assert not alone.data.exists()


@pytest.mark.parametrize("name", ["api", "aggregate"])
def test_a_redis_that_may_lose_codes_is_refused(name: str, tmp_path: Path) -> None:
    alone = Up(tmp_path)
    program = redis_program.bundled()
    assert program is not None
    [port] = free_ports(1)
    with subprocess.Popen(
        [program, "--port", str(port), "--save", "", "--dir", tmp_path], stdout=subprocess.DEVNULL
    ) as unfit:
        try:
            alone.environment["WAYMARK_REDIS_URL"] = f"redis://127.0.0.1:{port}"
            alone.environment["WAYMARK_API_PORT"] = str(alone.api_port)
            alone.environment["WAYMARK_REDIRECT_PORT"] = str(alone.redirect_port)
            done = alone.command("up")
            assert done.returncode == 2, done.stderr
            assert "append-only" in done.stderr
            # Told also while the warehouse is away.
            alone.environment["WAYMARK_CLICKHOUSE_URL"] = "http://127.0.0.1:1"
            alone.environment["WAYMARK_STATUS_PORT"] = str(free_ports(1)[0])
            done = alone.command(name)
            assert done.returncode == 2, done.stderr
            assert "append-only" in done.stderr
        finally:
            unfit.terminate()
