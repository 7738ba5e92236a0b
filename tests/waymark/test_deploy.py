"""What is deployed: compose, the image, the packages."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.servers import require
from waymark.settings import SETTINGS

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
GIVEN = {
    "WAYMARK_REDIS_PASSWORD": "one",
    "WAYMARK_CLICKHOUSE_PASSWORD": "two",
    "WAYMARK_SHORT_URL": "https://go.example.com",
    "WAYMARK_API_URL": "https://api.example.com",
}


def config(environment: dict[str, str], tmp_path: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    require.programs("docker-compose", why="checks docker-compose.yml")
    # (Away from a .env file that somebody may have here.)
    return subprocess.run(
        [
            *("docker-compose", "--project-directory", str(tmp_path), "-f", str(ROOT / "docker-compose.yml")),
            *(*more, "config"),
        ],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_compose_is_accepted(tmp_path: Path) -> None:
    done = config(GIVEN, tmp_path)
    assert done.returncode == 0, done.stderr
    for service in ("redis", "kafka", "clickhouse", "redirect", "ingest", "aggregator", "api"):
        assert re.search(rf"^  {service}:", done.stdout, re.MULTILINE)
    assert done.stdout.count("healthcheck:") == 7


@pytest.mark.parametrize("name", GIVEN)
def test_compose_asks_for_what_only_its_owner_knows(name: str, tmp_path: Path) -> None:
    done = config({key: value for key, value in GIVEN.items() if key != name}, tmp_path)
    assert done.returncode != 0
    assert name in done.stderr


def test_compose_sets_only_settings_that_there_are() -> None:
    known = {setting.env for setting in SETTINGS} | {"WAYMARK_REDIS_PASSWORD", "WAYMARK_CLICKHOUSE_PASSWORD"}
    assert set(re.findall(r"WAYMARK_[A-Z_]+", COMPOSE)) <= known
