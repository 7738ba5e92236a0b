"""docs/agency.md is right: its calls work as they stand there, through a real curl. And the examples of the manual are
of the shapes that they stand for."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.dialect import Route
from api.dialects.agency import DIALECT
from infra.warehouse import Warehouse
from tests.api.served import serving
from tests.servers import require
from tests.servers.redis import RedisServer

PAGE = (Path(__file__).parents[3] / "docs" / "agency.md").read_text()
CALLS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_calls_of_the_page(redis_server: RedisServer, warehouse: Warehouse, tmp_path: Path) -> None:
    require.programs("curl", "sh", why="the documented calls are curl's")
    redis_server.flush()
    calls = iter(CALLS)
    with serving(redis_server.url, warehouse) as served:
        known = {"WAYMARK": served.url, "WAYMARK_KEY": served.key}

        def run(expected: int) -> Any:
            done = subprocess.run(
                ["sh", "-ec", f'{next(calls)} -w "\\n%{{http_code}}"'],
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), **known},
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            body, status = done.stdout.rsplit("\n", 1)
            assert int(status) == expected, body
            return json.loads(body) if body else None

        tokens = run(200)
        known |= {"ACCESS": tokens["access"], "REFRESH": tokens["refresh"]}
        known["ACCESS"] = run(200)["access"]
        assert list(run(200)) == ["access", "refresh"]
        code = run(201)
        known["SHORT_ID"] = code["short_id"]
        assert run(200)["results"] == [code]
        assert run(200) == code
        assert run(200)["is_active"] is False
        assert [one["label"] for one in run(200)["variants"]] == ["A", "B"]
        assert run(200)["period_days"] == 30
        assert run(204) is None
        assert run(201)["image"].startswith("data:image/svg+xml;base64,")
        assert run(201)["image"].startswith("data:image/png;base64,")
        domain = run(201)
        known["DOMAIN_ID"] = str(domain["id"])
        assert run(200)["results"] == [domain]
        assert run(200) == domain
        assert run(200)["is_verified"] is False
        assert run(204) is None
    assert list(calls) == []


@pytest.mark.parametrize("route", DIALECT.routes, ids=lambda route: route.handler.__name__)
def test_examples_have_the_shapes_that_they_stand_for(route: Route) -> None:
    if route.answer is not None:
        assert msgspec.to_builtins(msgspec.convert(route.example, route.answer)) == route.example
    if route.body is not None:
        sent = msgspec.to_builtins(msgspec.convert(route.sent, route.body))
        assert sent.items() >= {name: value for name, value in route.sent.items() if name != "variants"}.items()


def test_the_pages_table_has_every_status() -> None:
    named = {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)}
    assert {status for route in DIALECT.routes for status in route.problems} <= named
