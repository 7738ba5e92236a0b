"""Every operation of every API, asked with whatever its OpenAPI document allows, and with what it does not.

    python -m tests.security.fuzz --examples 5000 --seed 7

A real server, Redis and chDB; nothing is stood in for but the name server and where logos come from. Found is an answer
of 500 or above, one that the document does not name, and one of another shape than the document says.
"""

import itertools
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import hypothesis
import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from api.dialect import Route
from api.dialects import DIALECTS
from api.dialects.openqr.stream import FOLLOW
from api.file_formats import FORMAT
from infra.migrate import migrate
from infra.raw_output import FORMATS
from infra.warehouse import Warehouse
from tests.api.served import Served, serving
from tests.codes.files import PNG
from tests.servers.redis import running

Case = schemathesis.Case[Any]
ROUTES = {f"{route.method} {route.path}": route for dialect in DIALECTS for route in dialect.routes}
PATIENCE_S = 60
# What a text of that name may also be, so that much of what is asked gets past the first look.
LIKELY: dict[str, list[Any]] = {
    "destination": ["https://example.com/a", "http://example.com/?a=b#c"],
    "destination_url": ["https://example.com/b"],
    "expired_destination": ["https://example.com/over", None],
    "url": ["https://example.com/c"],
    "to": ["https://example.com/d"],
    "data": ["https://example.com/e", {"ssid": "x", "password": "y"}],
    "slug": ["fuzzed", "fuzzed-2"],
    "domain": [None, "go.example.com"],
    "style": [None, {"shape": "dot", "color": "#123456"}],
    "folder_id": [None],
    "custom_domain_id": [None],
    "expires_at": [None, "2030-01-01T00:00:00Z"],
    "type": ["website", "vcard_plus", "text"],
    "query": ["drop", {"metrics": ["scans"], "date_range": "7d"}],
    "metrics": [["scans"], ["scans", "visitors", "share", "last_scan"]],
    "date_range": ["7d", "today", ["2026-03-28", "2026-03-30"]],
    "timezone": ["UTC", "Europe/Berlin"],
    "dimensions": [[], ["scan:country"], ["code:tag", "time:day"], ["code"]],
    "filters": [[], [["is", "code:tag", ["x"]]], [["not", ["contains", "scan:city", ["a"]]]]],
    "compare": [None, "previous_period"],
    "order_by": [[["scans", "desc"]]],
    "pagination": [{"limit": 10}],
    "schedule": [{"every": "day"}, {"every": "week", "hour": 3, "timezone": "Europe/Berlin"}],
    "scans": [{}, {"kinds": ["human", "bot"]}],
    "report_id": [None],
    "day": ["2026-05-01"],
}


class Found(msgspec.Struct, frozen=True):
    operation: str
    status: int
    why: str
    call: str


class Run(msgspec.Struct):
    """`asked` counts the answers of each operation by their status."""

    asked: dict[str, Counter[int]] = {}
    found: list[Found] = []

    @property
    def examples(self) -> int:
        return sum(counts.total() for counts in self.asked.values())


def likelier(value: Any, draw: random.Random) -> Any:
    """The same, with some of its fields as somebody would send them."""
    if isinstance(value, dict):
        return {
            name: draw.choice(LIKELY[name]) if name in LIKELY and draw.random() < 0.5 else likelier(inner, draw)
            for name, inner in value.items()
        }
    return [likelier(one, draw) for one in value] if isinstance(value, list) else value


def steered(case: Case, draw: random.Random, ids: list[str]) -> None:
    """Most calls are about something that is there, and none follows a stream, which would not end."""
    if case.path_parameters and ids and draw.random() < 0.7:
        case.path_parameters = dict.fromkeys(case.path_parameters, draw.choice(ids))
    if isinstance(case.body, dict | list) and draw.random() < 0.7:
        case.body = likelier(case.body, draw)
    if "text/event-stream" in ROUTES[case.operation.label].media:
        case.query = {**(case.query or {}), FOLLOW: "false"}


def fuzz(served: Served, examples: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Run:
    """At least so many calls, spread evenly over the operations."""
    run = Run()
    schema = schemathesis.openapi.from_dict(requests.get(f"{served.url}/openapi.json", timeout=PATIENCE_S).json())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    each = math.ceil(examples / len(operations) / 2)
    for operation in operations:
        ids, secret = _made(served, operation.path), _secret(served, ROUTES[operation.label])
        counts = run.asked.setdefault(operation.label, Counter())
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)
            try:
                _some(strategy, each, seed, partial(_ask, served, run, ids, secret))
            except Unsatisfiable:
                # There is nothing wrong to be said to an operation that takes nothing.
                continue
        tell(f"{counts.total():6} {operation.label:60} {dict(sorted(counts.items()))}")
    return run


def _some(strategy: st.SearchStrategy[Case], count: int, seed: int, ask: Callable[[Case, random.Random], None]) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategy, st.randoms(use_true_random=False))
    def test(case: Case, draw: random.Random) -> None:
        ask(case, draw)

    test()


def _ask(served: Served, run: Run, ids: list[str], secret: str, case: Case, draw: random.Random) -> None:
    steered(case, draw, ids)
    response = case.call(base_url=served.url, headers=_bearer(secret), timeout=PATIENCE_S)
    run.asked[case.operation.label][response.status_code] += 1
    if why := _wrong(case, response):
        call = case.as_curl_command().replace(secret, "$KEY")
        run.found.append(Found(case.operation.label, response.status_code, why, call))


def _known(served: Served) -> dict[str, str]:
    return _bearer(served.key)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _secret(served: Served, route: Route) -> str:
    """The key; for what a shared view asks, its session."""
    if route.scope != "shared":
        return served.key
    token = _shared(served, report=route.path.endswith("/answer"))["url"].rpartition("/")[2]
    opened = requests.post(f"{served.url}/v1/shared/open", json={"token": token}, timeout=PATIENCE_S)
    return str(opened.json()["session"])


def _shared(served: Served, *, report: bool = False) -> dict[str, Any]:
    """A new shared view."""
    of = ("report_id", "/v1/reports/{id}") if report else ("code_id", "/v1/dynamic/{id}")
    body = {"name": "x", of[0]: _made(served, of[1])[0]}
    response = requests.post(f"{served.url}/v1/shared-views", headers=_known(served), json=body, timeout=PATIENCE_S)
    found: dict[str, Any] = response.json()
    return found


def _wrong(case: Case, response: Any) -> str:
    if response.status_code >= 500:
        return str(response.text[:500])
    route, told = ROUTES[case.operation.label], [checks.status_code_conformance]
    done = response.status_code == route.status
    if done and (file := _file_asked(route, response)):
        # (That it may be a file is said at the parameter: see `Route.files`.)
        sent = response.headers["content-type"][0].partition(";")[0]
        if sent != file:
            return f"{sent} instead of {file}"
    else:
        told.append(checks.content_type_conformance)
        # Of what is no JSON, a document says no more than the media type.
        if not (done and route.media):
            told.append(checks.response_schema_conformance)
    try:
        case.validate_response(response, checks=told)
    except (AssertionError, schemathesis.errors.SchemathesisError, FailureGroup) as error:
        return str(error)[:1_000]
    return ""


def _file_asked(route: Route, response: Any) -> str:
    """The media type of what the call asked for by `?format=`, if that is a file."""
    asked = parse_qs(urlsplit(response.request.url).query).get(FORMAT.name, [""])[-1]
    return FORMATS[asked].media if route.files and asked in FORMATS else ""


# By the longest path that an operation's begins with: how something is made that it can be about, what of the answer
# names it there, and how many of it are made.
_CODE = ("/v1/dynamic", {"json": {"destination": "https://example.com/"}})
_MAKES: dict[str, tuple[tuple[str, dict[str, Any]], str, int]] = {
    "/v1/dynamic": (_CODE, "id", 9),
    "/v1/folders": (("/v1/folders", {"json": {"name": "x"}}), "id", 9),
    "/v1/styles": (("/v1/styles", {"json": {"name": "x", "style": {"shape": "rounded"}}}), "id", 9),
    "/v1/reports": (
        ("/v1/reports", {"json": {"name": "x", "query": {"metrics": ["scans"], "date_range": "7d"}}}),
        "id",
        9,
    ),
    # (A workspace may have a hundred.)
    "/v1/webhooks": (("/v1/webhooks", {"json": {"url": "https://example.com/hook", "events": ["scan"]}}), "id", 3),
    "/v1/exports": (("/v1/exports", {"json": {"name": "x", "schedule": {"every": "day"}}}), "id", 9),
    "/v1/keys": (("/v1/keys", {"json": {"name": "x", "scope": "read"}}), "id", 9),
    "/v1/domains": (("/v1/domains", {"json": {"domain": "fuzz{n}.example.com"}}), "id", 3),
    "/v1/files": (("/v1/files", {"files": {"file": ("a.png", PNG)}}), "file_id", 3),
    "/api/v1/dynamic/custom-domains": (
        ("/api/v1/dynamic/custom-domains/", {"json": {"domain": "fuzz-{n}.example.com"}}),
        "id",
        3,
    ),
    "/api/v1/dynamic": (_CODE, "slug", 9),
    "/api/qr/codes/bulk": (("/api/qr/codes/bulk", {"json": [{"data": "https://example.com"}]}), "bulkId", 2),
    "/api/qr/codes": (_CODE, "slug", 9),
    "/api/public": (_CODE, "id", 9),
}


def _made(served: Served, path: str) -> list[str]:
    """The names of some new things that an operation at this path can be about."""
    if path == "/v1/shared-views/{id}":
        return [_shared(served)["id"] for _ in range(2)]
    prefix = max((known for known in _MAKES if path.startswith(known)), key=len, default="")
    if not prefix or "{" not in path:
        return []
    (at, sent), name, count = _MAKES[prefix]
    ids = []
    for _ in range(count):
        body = msgspec.json.decode(msgspec.json.encode(sent.get("json")).replace(b"{n}", b"%d" % next(_numbers)))
        more = {"files": sent["files"]} if "files" in sent else {"json": body}
        response = requests.post(served.url + at, headers=_known(served), timeout=PATIENCE_S, **more)
        if not response.ok:
            raise click.ClickException(f"{at}: {response.text}")
        ids.append(str(response.json()[name]))
    return ids


_numbers = itertools.count(1)


@contextmanager
def service() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="wm-fuzz-") as folder, running(Path(folder)) as redis:
        warehouse = Warehouse(folder=Path(folder) / "chdb")
        client = warehouse.connect(max_threads=1)
        try:
            migrate(client)
            with serving(redis.url, warehouse) as served:
                yield served
        finally:
            client.close()


@click.command()
@click.option("--examples", default=5_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(examples: int, seed: int) -> None:
    """Ends with 1 when anything was found."""
    with service() as served:
        run = fuzz(served, examples, seed, click.echo)
    for one in run.found:
        click.echo(f"\n{one.operation}: {one.status}\n{one.why}\n{one.call}", err=True)
    click.echo(f"{run.examples} calls of {len(run.asked)} operations, seed {seed}: {len(run.found)} found")
    sys.exit(bool(run.found))


if __name__ == "__main__":
    main()
