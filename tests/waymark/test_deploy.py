"""What is deployed: compose, the image, the packages."""

import re
from pathlib import Path

import pytest

from tests.waymark.deploy_files import COMPOSE, GIVEN, ROOT, config
from waymark.settings import SETTINGS


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


def test_compose_builds_the_image_without_the_engines_of_one_machine() -> None:
    """Each service has servers for Redis and the warehouse; `edge` installs no more than its lock."""
    [target] = set(re.findall(r"^  build: \{context: \., target: (\w+)\}$", COMPOSE, re.MULTILINE))
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    [stage] = [text for text in stages if re.match(rf"\S+ AS {target}\n", text)]
    [copied] = re.findall(r"--from=(\S+) /venv", stage)
    [installs] = [text for text in stages if re.match(rf"\S+ AS {copied}\n", text)]
    assert re.findall(r"-r (\S+)", installs) == ["requirements-edge.txt"]


def test_compose_sets_only_settings_that_there_are() -> None:
    known = {setting.env for setting in SETTINGS} | {"WAYMARK_REDIS_PASSWORD", "WAYMARK_CLICKHOUSE_PASSWORD"}
    assert set(re.findall(r"WAYMARK_[A-Z_]+", COMPOSE)) <= known
