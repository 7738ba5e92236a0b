"""Shlink: the CSV of its web client, or what its API answers at `/rest/v3/short-urls`, with the answers of
`…/redirect-rules` put into the entries."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from codes import conditions
from codes.errors import Refused
from codes.importing import history, parsing
from codes.importing.types import Link, LinkKey, NotImported, Row, says_something
from codes.variants import NewRule
from schemas.imported import PastKind, PastScans
from schemas.scan_options import Conditions

NAME = "shlink"
TITLE = "Shlink: the CSV of its web client, or the JSON of its API"
ENTRIES = ("shortUrls", "data")
COLUMNS = (("shortcode", "shorturl"), ("longurl",))
SILENT = frozenset({"shorturl"})
WORDS = {
    "createdat": "the time it was made",
    "datecreated": "the time it was made",
    "crawlable": "that search engines may list it",
}
# (At Shlink the query is passed on unless somebody turned that off for a link.)
_NOT_IN_CSV = NotImported("rules, dates, limits and forwarding of the query, which the CSV does not hold")
_WHAT = "redirect rules"
_DEVICES: dict[str, tuple[str, list[str]]] = {
    "android": ("os", ["Android"]),
    "ios": ("os", ["iOS", "iPadOS"]),
    "windows": ("os", ["Windows"]),
    "macos": ("os", ["macOS"]),
    "linux": ("os", ["Linux"]),
    "chromeos": ("os", ["ChromeOS"]),
    "mobile": ("device", ["mobile", "tablet"]),
    "desktop": ("device", ["desktop"]),
}


def knows(columns: frozenset[str]) -> bool:
    return {"shorturl", "longurl"} <= columns and bool(columns & {"visits", "shortcode", "visitssummary"})


def keys(row: Row) -> tuple[LinkKey, ...]:
    """The domain is null for the default one; the link names it. Slugs may have several parts."""
    whole = parsing.text(row, "shorturl")
    named = parsing.link_key(whole) if whole else LinkKey("", "")
    return (
        LinkKey(parsing.text(row, "domain") or named.host, parsing.text(row, "shortcode").strip("/") or named.slug),
    )


def link(row: Row) -> Link:
    meta = row.get("meta")
    limits = Row({str(name).lower(): value for name, value in meta.items()}) if isinstance(meta, dict) else row
    used = _scan_count(row)
    most = parsing.number(limits, "maxvisits")
    rules, lost = _rules(row)
    found = Link(
        destination=parsing.text(row, "longurl"),
        label=parsing.text(row, "title") or None,
        tags=parsing.words(row, "tags"),
        starts_at_ms=parsing.time_ms(limits, "validsince"),
        expires_at_ms=parsing.time_ms(limits, "validuntil"),
        scan_limit=most,
        query="append" if parsing.is_true(row, "forwardquery") else "drop",
        rules=rules,
        history=_history(row, used),
        left_out=lost if "forwardquery" in row.names or "meta" in row.names else (*lost, _NOT_IN_CSV),
    )
    return found if most is None or not used else _without_used(found, most, used)


def _without_used(link: Link, most: int, used: int) -> Link:
    """Reduce the limit by the visits that are used up."""
    if used < most:
        return msgspec.structs.replace(link, scan_limit=most - used)
    return msgspec.structs.replace(
        link,
        paused=True,
        left_out=(*link.left_out, NotImported("a limit of visits that is used up (paused)", str(most))),
    )


def _history(row: Row, total: int) -> tuple[PastScans, ...]:
    """The visits, if `/visits` was put into the entry; else how many there were."""
    answer = row.get("visits")
    if isinstance(answer, dict):
        answer = answer.get("data")
    scans = [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
    return history.beside(history.of_scans(map(_scan, scans)), total)


def _scan(scan: Mapping[str, Any]) -> tuple[Any, PastKind, Any, Any]:
    location = scan.get("visitLocation")
    country = location.get("countryCode") if isinstance(location, Mapping) else None
    return scan.get("date"), "bot" if scan.get("potentialBot") is True else "human", country, scan.get("referer")


def _scan_count(row: Row) -> int:
    summary = row.get("visitssummary")
    total: Any = summary.get("total") if isinstance(summary, Mapping) else None
    for value in (total, row.get("visitscount"), row.get("visits")):
        if says_something(value) and str(value).isdecimal():
            return int(value)
    return 0


class _Unsupported(Exception):
    """A condition that rules here do not have; the text says which."""


def _rules(row: Row) -> tuple[tuple[NewRule, ...], tuple[NotImported, ...]]:
    """Read `redirectRules`, or `deviceLongUrls` before Shlink 4. The first rule that holds wins, here as there. A rule
    is left out whole: without one of its conditions it would hold for more scans than it did."""
    answer, there = row.get("redirectrules"), row.get("hasredirectrules")
    if isinstance(answer, dict):
        answer = answer.get("redirectRules")
    if not isinstance(answer, list):
        answer = []
        if says_something(there):
            return _of_devices(row), (NotImported(_WHAT, "not in this file"),)
    rules: list[NewRule] = []
    lost: list[NotImported] = []
    for number, rule in enumerate(sorted(answer, key=_priority), 1):
        try:
            rules.append(_rule(rule))
        except _Unsupported as error:
            lost.append(NotImported(_WHAT, f"rule {number} ({error})"))
    return (*rules, *_of_devices(row)), tuple(lost)


def _priority(rule: Any) -> float:
    found = rule.get("priority") if isinstance(rule, dict) else None
    return found if isinstance(found, int | float) else 0


def _rule(rule: Any) -> NewRule:
    if not isinstance(rule, dict) or not isinstance(rule.get("longUrl"), str):
        raise _Unsupported("it leads nowhere")
    asked = rule.get("conditions")
    return NewRule(when=_when(asked if isinstance(asked, list) else []), to=rule["longUrl"])


def _when(asked: Iterable[Any]) -> Conditions:
    """All conditions must hold; there can be one of each kind (in a list, any value matches)."""
    written: dict[str, Any] = {}
    for condition in asked:
        name, value = _condition(condition)
        if name == "query":
            if any(parameter in written.get("query", {}) for parameter in value):
                raise _Unsupported("a parameter that it asks for twice")
            written["query"] = {**written.get("query", {}), **value}
        elif written.setdefault(name, value) != value:
            raise _Unsupported(f"two conditions on {name}")
    try:
        return conditions.parse(written, "if")
    except Refused as refused:
        raise _Unsupported(f"{refused.field}: {refused.message}") from None


def _condition(condition: Any) -> tuple[str, Any]:
    if not isinstance(condition, dict):
        raise _Unsupported("a condition that is no object")
    kind, key, value = condition.get("type"), str(condition.get("matchKey") or ""), condition.get("matchValue")
    match kind:
        case "device" if str(value).lower() in _DEVICES:
            return _DEVICES[str(value).lower()]
        case "language":
            return "language", [str(value).replace("_", "-")]
        case "query-param":
            return "query", {key: [str(value)]}
        case "any-value-query-param":
            return "query", {key: True}
        case "valueless-query-param":
            return "query", {key: [""]}
        case "geolocation-country-code":
            return "country", [str(value)]
        case "geolocation-city-name":
            return "city", [str(value)]
        case "before-date":
            return "to", str(value)
        case "after-date":
            return "from", str(value)
        case _:
            raise _Unsupported(f"a condition on {kind}{f' {value}' if kind == 'device' else ''}")


def _of_devices(row: Row) -> tuple[NewRule, ...]:
    found = row.get("devicelongurls")
    if not isinstance(found, dict):
        return ()
    return tuple(
        NewRule(when=conditions.parse(dict([_DEVICES[name]]), "if"), to=url)
        for name, url in found.items()
        if name in _DEVICES and isinstance(url, str) and url
    )
