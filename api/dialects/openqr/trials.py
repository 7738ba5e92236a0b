"""`POST /v1/dynamic/{id}/test`: where a scan that is described would lead, and why. The redirector's own functions
answer (`decisions.trial`); nothing is counted or used up."""

import string
from hashlib import blake2b
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import code_examples
from api.dialects.openqr.lookup import ID, find_code
from api.parsing import convert, read_object
from api.problems import invalid
from api.responses import Json
from codes import timestamps
from codes.code_store import route_of
from codes.validation import single_line
from codes.variants import key_in_set
from decisions.accept_language import first_choice
from decisions.decision import app_links
from decisions.rules import Facts, named_tests
from decisions.trial import By, Trial, trial
from schemas.code import Code
from schemas.event import Outcome
from schemas.scan_options import Apps
from schemas.short_links import PAUSED_PATH

MAX_TEXT = 128
MAX_QUERY = 2048
_VISITOR = "anybody"
# Systems as events spell them: app links ask for these, rules for any case.
_SYSTEMS = {system.casefold(): system for system in app_links(Apps("-", "-"))}

_ABOUT_TEXT = {"maxLength": MAX_TEXT}


class TestedScan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scan by a person. What is left out is unknown, as it may be of a real scan; without `at` it is now."""

    __test__ = False

    at: Annotated[str | None, Meta(extra_json_schema={"format": "date-time"})] = None
    country: Annotated[str, Meta(description="Two letters, like `FR`.", extra_json_schema=_ABOUT_TEXT)] = ""
    region: Annotated[str, Meta(extra_json_schema=_ABOUT_TEXT)] = ""
    city: Annotated[str, Meta(extra_json_schema=_ABOUT_TEXT)] = ""
    device: Literal["mobile", "tablet", "desktop", ""] = ""
    os: Annotated[str, Meta(description="Like `iOS` or `Android`.", extra_json_schema=_ABOUT_TEXT)] = ""
    browser: Annotated[str, Meta(extra_json_schema=_ABOUT_TEXT)] = ""
    language: Annotated[
        str, Meta(description="A tag like `de-AT`, or an Accept-Language header.", extra_json_schema=_ABOUT_TEXT)
    ] = ""
    query: Annotated[
        str,
        Meta(description="Of the short link, like `table=4`.", extra_json_schema={"maxLength": MAX_QUERY}),
    ] = ""
    visitor: Annotated[
        str,
        Meta(
            description="Any name: the same one gets the same variant. (A real visitor's number is known to no API.)",
            extra_json_schema=_ABOUT_TEXT,
        ),
    ] = _VISITOR
    password_given: Annotated[bool, Meta(description="Whether the code's password, if it has one, was given.")] = False


class TestedCondition(msgspec.Struct, frozen=True):
    __test__ = False

    condition: Annotated[str, Meta(description="A name of the rule's `if`; `query.` and a parameter.")]
    holds: bool


class TestedRule(msgspec.Struct, frozen=True):
    """A rule, in the order in which they are tried."""

    __test__ = False

    id: str
    key: str
    label: str | None
    to: str
    result: Annotated[
        Literal["taken", "does_not_hold", "not_reached", "off"],
        Meta(description="`not_reached`: an earlier rule, or what comes before rules, has decided."),
    ]
    match: Literal["all", "any"]
    conditions: Annotated[list[TestedCondition], Meta(description="Of rules that are on.")]


class TestedVariant(msgspec.Struct, frozen=True):
    __test__ = False

    id: str
    key: str
    label: str | None
    url: str
    share: Annotated[float, Meta(description="Of the visitors, 0 to 1.")]


class TestAnswer(msgspec.Struct, frozen=True):
    """What the scan would get."""

    __test__ = False

    at: Annotated[str, Meta(description="When the scan would be.", extra_json_schema={"format": "date-time"})]
    outcome: Outcome
    status: int
    location: Annotated[str | None, Meta(description="Where it leads; null for a page.")]
    decided_by: Annotated[By, Meta(description="What decided.")]
    rule: Annotated[str | None, Meta(description="The id of the rule that was taken.")]
    variant: Annotated[str | None, Meta(description="The id of the variant that this visitor gets.")]
    rules: list[TestedRule]
    variants: Annotated[list[TestedVariant], Meta(description="Those that share the scans.")]


def _facts(sent: TestedScan, at_ms: int) -> Facts:
    for name in ("country", "region", "city", "os", "browser", "language", "visitor"):
        if text := getattr(sent, name):
            single_line(name, text, MAX_TEXT)
    query = sent.query.removeprefix("?")
    if len(query) > MAX_QUERY:
        raise invalid("query", f"query must have at most {MAX_QUERY:,} characters")
    os = _SYSTEMS.get(sent.os.strip().casefold(), sent.os.strip())
    return Facts(
        at_ms,
        sent.country.strip().casefold(),
        sent.region.strip().casefold(),
        sent.city.strip().casefold(),
        sent.device,
        os,
        os.casefold(),
        sent.browser.strip().casefold(),
        first_choice(sent.language.encode("latin-1", "replace")),
        # As a browser sends it.
        quote(query, safe=string.printable).encode(),
    )


def _visitor(name: str) -> int:
    """A number as those of visitors are: below 2**63."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") >> 1


def _rules(code: Code, facts: Facts, found: Trial) -> list[TestedRule]:
    reached = found.by in ("rule", "app", "variant", "destination", "page")
    answer = []
    for rule in code.rules:
        result: Literal["taken", "does_not_hold", "not_reached", "off"]
        if not rule.active:
            result = "off"
        elif not reached:
            result = "not_reached"
        elif found.by == "rule" and found.key == rule.key:
            result, reached = "taken", False
        else:
            result = "does_not_hold"
        tests = named_tests(rule.when) if rule.active else []
        answer.append(
            TestedRule(
                rule.id,
                key_in_set(code, rule.key),
                rule.label,
                rule.to,
                result,
                rule.when.match,
                [TestedCondition(name, test(facts)) for name, test in tests],
            )
        )
    return answer


def _variants(code: Code) -> list[TestedVariant]:
    shared = [one for one in code.variants if one.active and one.weight > 0]
    total = sum(one.weight for one in shared)
    return [
        TestedVariant(one.id, key_in_set(code, one.key), one.label, one.url, round(one.weight / total, 4))
        for one in shared
    ]


async def test_code(call: Call) -> Response:
    code = await find_code(call)
    sent = convert(await read_object(call.request), TestedScan)
    at_ms = call.context.now_ms() if sent.at is None else timestamps.parse(sent.at, "at")
    facts = _facts(sent, at_ms)
    used = 0 if code.scan_limit is None else await call.context.codes.scans_used(code)
    paused_page = f"{call.context.settings.short_url}{PAUSED_PATH}".encode()
    found = trial(
        route_of(code, 1), facts, _visitor(sent.visitor), paused_page=paused_page, used=used, passed=sent.password_given
    )
    response = found.response
    location = None if response is None else dict(response.headers).get(b"location")
    return Json(
        TestAnswer(
            at=timestamps.format_ms(at_ms),
            outcome="gate" if response is None else response.outcome,
            status=200 if response is None else response.status,
            location=None if location is None else location.decode(),
            decided_by=found.by,
            rule=next((one.id for one in code.rules if found.by == "rule" and one.key == found.key), None),
            variant=next((one.id for one in code.variants if found.by == "variant" and one.key == found.key), None),
            rules=_rules(code, facts, found),
            variants=_variants(code),
        )
    )


ROUTES = (
    Route(
        method="POST",
        path="/v1/dynamic/{id}/test",
        scope="read",
        summary="Try a scan",
        description="Where a scan that you describe would lead, and why: which rule is taken, which conditions of the "
        "others do not hold, which variants share the scans. The redirector's own functions answer. Nothing is "
        "counted, no limit is used up.",
        handler=test_code,
        status=200,
        answer=TestAnswer,
        body=TestedScan,
        sent=code_examples.TESTED_SCAN,
        parameters=(ID,),
        problems=(400, 404),
        example=code_examples.TEST_ANSWER,
    ),
)
