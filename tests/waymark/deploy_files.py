"""What is deployed, read once for all tests of it: compose, the dashboard, the alert rules."""

import json
import re
import subprocess
from pathlib import Path

import yaml

from infra.metrics import METRICS
from tests.servers import require

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


DEPLOY = ROOT / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "waymark.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()


def used(text: str) -> set[str]:
    """The metrics in PromQL, with the series of a histogram under its own name."""
    names = set(re.findall(r"\bwaymark_\w+", text))
    return {re.sub(r"_(bucket|sum|count)$", "", name) if name not in METRICS else name for name in names}


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [*shown, *(rule["expr"] for rule in rules())]


def rules() -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]
    return found
