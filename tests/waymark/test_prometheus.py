"""A real Prometheus scrapes a real `waymark up`: every panel of the dashboard has something to show, and every rule can
be asked."""

import json
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from harness.ports import free_ports
from infra.metrics import METRICS
from tests.servers import require
from tests.waymark.deploy_files import ALERTS, expressions, used
from tests.waymark.promtool import asked
from tests.waymark.running import up, wait_for

SCRAPE_S = 1
# Beside a redirector, `waymark up` has all of these in its core.
THERE = {"redirect", "journal", "aggregate", "proof", "api", "engines", "every"}


@contextmanager
def prometheus(folder: Path, *targets: int) -> Iterator[int]:
    """It ends with the test; its port."""
    [port] = free_ports(1)
    jobs = [
        {"job_name": f"waymark-{target}", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        for target in targets
    ]
    every = {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"}
    settings = folder / "prometheus.yml"
    settings.write_text(yaml.safe_dump({"global": every, "rule_files": [str(ALERTS)], "scrape_configs": jobs}))
    given = {"config.file": settings, "storage.tsdb.path": folder / "data", "web.listen-address": f"127.0.0.1:{port}"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *(f"--{name}={value}" for name, value in given.items())], stdout=log, stderr=log
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(20)


def answer(port: int, expression: str) -> list[Any]:
    query = urllib.parse.urlencode({"query": expression.replace("$__rate_interval", f"{4 * SCRAPE_S}s")})
    found = json.loads(asked(port, f"/api/v1/query?{query}"))
    assert found["status"] == "success", expression
    series: list[Any] = found["data"]["result"]
    return series


def ready(port: int) -> bool:
    try:
        return bool(asked(port, "/-/ready"))
    except OSError:
        return False


def test_every_panel_has_something_to_show(tmp_path: Path) -> None:
    require.programs("prometheus", why="a Prometheus that scrapes")
    with up() as one, prometheus(tmp_path, one.status_port) as port:
        wait_for(lambda: ready(port), what="Prometheus is ready")
        shown = [text for text in map(str, expressions()) if all(METRICS[name].service in THERE for name in used(text))]
        assert len(shown) > 30
        panels = [text for text in shown if not any(sign in text for sign in (">", "<", "=="))]
        code = one.create()

        def empty() -> list[str]:
            """The panels without a line, when there has been one more visit and one more question."""
            one.scan(code["slug"])
            one.total(code)
            return [text for text in panels if not answer(port, text)]

        wait_for(lambda: not empty(), within_s=60, what="a line in each panel")
        for text in map(str, expressions()):
            answer(port, text)
        assert len(answer(port, "up == 1")) == 1
