"""`waymark geo` says which database places visitors, how old it is, and takes another one."""

import json
import logging
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from redirect.geo import REGISTRIES
from tests.redirect import mmdb
from waymark.command import main
from waymark.settings import read
from waymark.wiring import room_settings


def run(data: Path, *words: str, **environment: str) -> Result:
    outside = {name: None for name in os.environ if name.startswith("WAYMARK_")}
    return CliRunner(env={**outside, **environment}).invoke(main, ["geo", *words, "--data", str(data)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder that `up` has made, as far as this command looks."""
    (tmp_path / "data" / "redis").mkdir(parents=True)
    return tmp_path / "data"


def test_it_says_how_old_what_comes_along_is_and_whose_it_is(data: Path) -> None:
    done = run(data, "8.8.8.8", "127.0.0.1")
    assert done.exit_code == 0
    assert "iptocc" in done.stdout and "days ago" in done.stdout and "RIPE NCC" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["8.8.8.8  US", "127.0.0.1  nowhere"]
    told = json.loads(run(data, "8.8.8.8", "--json").stdout)
    assert told["age_days"] >= 0 and told["places"]["8.8.8.8"]["country"] == "US"


def test_it_takes_another_and_drops_it(data: Path, tmp_path: Path) -> None:
    other = mmdb.write(tmp_path / "other.mmdb", {"203.0.113.0/24": {"country": {"iso_code": "NZ"}}})
    assert room_settings.geo_database(read({}, data=data)) == REGISTRIES
    done = run(data, "203.0.113.7", "--take", str(other))
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "203.0.113.7  NZ" and str(data / "geo.mmdb") in done.stdout
    assert room_settings.geo_database(read({}, data=data)) == str(data / "geo.mmdb")
    # What is set goes first.
    assert room_settings.geo_database(read({"WAYMARK_GEO_DATABASE": str(other)}, data=data)) == str(other)
    assert room_settings.geo_database(read({"WAYMARK_GEO_DATABASE": "none"}, data=data)) == ""
    assert run(data, "--drop", WAYMARK_GEO_DATABASE="none").exit_code == 2
    assert run(data, "--drop").exit_code == 0
    assert room_settings.geo_database(read({}, data=data)) == REGISTRIES
    assert {path.name for path in data.iterdir()} == {"redis"}


def test_what_is_no_database_is_not_taken(data: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.mmdb").write_text("no database")
    done = run(data, "--take", str(tmp_path / "wrong.mmdb"))
    assert done.exit_code == 1 and "MaxMind" in done.output
    assert not (data / "geo.mmdb").exists()
    assert run(tmp_path / "nothing", "--take", str(tmp_path / "wrong.mmdb")).exit_code == 1
    assert run(data, "no address").exit_code == 1


def test_a_damaged_one_keeps_no_link_from_leading_on(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    (data / "geo.mmdb").write_text("was a database")
    with caplog.at_level(logging.ERROR):
        assert room_settings.geo_database(read({}, data=data)) == REGISTRIES
    assert "geo.mmdb" in caplog.text


def test_none_says_so(data: Path) -> None:
    assert "no country" in run(data, WAYMARK_GEO_DATABASE="none").stdout
