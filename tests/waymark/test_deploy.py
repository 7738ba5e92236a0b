"""What is deployed: compose, the image, the packages."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from ingest import kafka_topic
from tests.servers import require
from tests.waymark.deploy_files import COMPOSE, DEPLOY, GIVEN, ROOT, config
from waymark.settings import SETTINGS

CADDY = DEPLOY / "caddy" / "compose.Caddyfile"


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


def test_images_are_built_of_stages_that_there_are_for_both_kinds_of_machine() -> None:
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "images.yml").read_text())["jobs"]["image"]
    stages = re.findall(r"^FROM .* AS ([\w-]+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    targets = {one["name"]: one["target"] for one in job["strategy"]["matrix"]["include"]}
    # Without a target, it is the last stage.
    assert targets.keys() == {"waymark", "waymark-edge"}
    assert set(targets.values()) - {""} <= set(stages)
    [build] = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("docker/build-push-action@")]
    assert (build["platforms"], build["provenance"], build["sbom"]) == ("linux/amd64,linux/arm64", "mode=max", True)


def test_actions_are_named_by_commit() -> None:
    """A tag can be moved to something else."""
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = re.findall(r"uses: (.*)$", workflow.read_text(), re.MULTILINE)
        assert used
        assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", one)] == [], workflow.name


# What a container has no use for: the image says where it listens, one process serves, and keys are made by command.
_NOT_PASSED = {
    *("WAYMARK_DATA", "WAYMARK_HOST", "WAYMARK_API_PORT", "WAYMARK_REDIRECT_PORT"),
    *("WAYMARK_STATUS_PORT", "WAYMARK_STATUS_HOST", "WAYMARK_WORKERS", "WAYMARK_REUSE_PORT", "WAYMARK_REDIS_SERVER"),
    *("WAYMARK_BOOTSTRAP_KEY", "WAYMARK_KEY"),
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    done = config(GIVEN, tmp_path_factory.mktemp("compose"), "--profile", "observability")
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    return found


def test_compose_passes_every_setting_on(services: dict[str, dict[str, Any]]) -> None:
    ours = ("redirect", "ingest", "aggregator", "api")
    passed = {name for service in ours for name in services[service]["environment"]}
    assert {setting.env for setting in SETTINGS} - passed == _NOT_PASSED


def test_compose_gives_redirectors_what_the_api_was_given(services: dict[str, dict[str, Any]]) -> None:
    for service in ("api", "redirect"):
        assert services[service]["environment"]["WAYMARK_FILES"] == "/files"
        assert any(str(one).startswith("files:/files") for one in services[service]["volumes"])


def test_compose_can_run_several_redirectors(services: dict[str, dict[str, Any]]) -> None:
    """A port of the host can be taken once."""
    assert {name for name in services if "ports" in services[name]} == {"caddy", "prometheus", "grafana"}
    assert "dynamic a redirect 8001" in CADDY.read_text()


def test_compose_gives_no_service_more_than_it_needs(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert services["redis"]["user"] == "redis"


def test_offsets_outlive_the_topic(services: dict[str, dict[str, Any]]) -> None:
    minutes = int(services["kafka"]["environment"]["KAFKA_OFFSETS_RETENTION_MINUTES"])
    assert minutes * 60_000 > kafka_topic.RETENTION_MS


def test_clickhouse_has_the_disk_of_the_documented_backup(services: dict[str, dict[str, Any]]) -> None:
    backups = ElementTree.parse(DEPLOY / "clickhouse" / "backups.xml").getroot()
    [disk] = [one.tag for one in backups.find("storage_configuration/disks") or ()]
    assert backups.findtext("backups/allowed_disk") == disk
    assert f"Disk('{disk}'" in (ROOT / "docs" / "operations.md").read_text()
    path = backups.findtext(f"storage_configuration/disks/{disk}/path")
    assert path is not None
    assert any(f":{path.rstrip('/')}" in str(one) for one in services["clickhouse"]["volumes"])


def test_caddy_takes_its_file() -> None:
    require.programs("caddy", why="checks deploy/caddy/compose.Caddyfile")
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(CADDY)],
        env={**os.environ, **GIVEN},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_compose_sets_only_settings_that_there_are() -> None:
    known = {setting.env for setting in SETTINGS} | {"WAYMARK_REDIS_PASSWORD", "WAYMARK_CLICKHOUSE_PASSWORD"}
    assert set(re.findall(r"WAYMARK_[A-Z_]+", COMPOSE)) <= known
