"""Shlink's redirect rules as rules of a code: the first one that holds wins, here as there."""

from collections.abc import Iterable
from typing import Any

from codes import conditions
from codes.errors import Refused
from codes.importing.link import LeftOut, Row, says_something
from codes.variants import NewRule
from schemas.scan_options import Conditions

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


class _Untold(Exception):
    """A condition that no rule of ours can ask for; the text says which."""


def read(row: Row) -> tuple[tuple[NewRule, ...], tuple[LeftOut, ...]]:
    """Those of `redirectRules`, or (before Shlink 4) of `deviceLongUrls`. A rule is left out whole: without one of its
    conditions it would hold for more visits than it did."""
    answer, there = row.get("redirectrules"), row.get("hasredirectrules")
    if isinstance(answer, dict):
        answer = answer.get("redirectRules")
    if not isinstance(answer, list):
        answer = []
        if says_something(there):
            return _of_devices(row), (LeftOut(_WHAT, "not in this file"),)
    rules: list[NewRule] = []
    lost: list[LeftOut] = []
    for number, rule in enumerate(sorted(answer, key=_priority), 1):
        try:
            rules.append(_rule(rule))
        except _Untold as error:
            lost.append(LeftOut(_WHAT, f"rule {number} ({error})"))
    return (*rules, *_of_devices(row)), tuple(lost)


def _priority(rule: Any) -> float:
    found = rule.get("priority") if isinstance(rule, dict) else None
    return found if isinstance(found, int | float) else 0


def _rule(rule: Any) -> NewRule:
    if not isinstance(rule, dict) or not isinstance(rule.get("longUrl"), str):
        raise _Untold("it leads nowhere")
    asked = rule.get("conditions")
    return NewRule(when=_when(asked if isinstance(asked, list) else []), to=rule["longUrl"])


def _when(asked: Iterable[Any]) -> Conditions:
    """All of them must hold; of one kind there can be one (within a list of ours any value will do)."""
    written: dict[str, Any] = {}
    for condition in asked:
        name, value = _condition(condition)
        if name == "query":
            if any(parameter in written.get("query", {}) for parameter in value):
                raise _Untold("a parameter that it asks for twice")
            written["query"] = {**written.get("query", {}), **value}
        elif written.setdefault(name, value) != value:
            raise _Untold(f"two conditions on {name}")
    try:
        return conditions.read(written, "if")
    except Refused as refused:
        raise _Untold(f"{refused.field}: {refused.message}") from None


def _condition(condition: Any) -> tuple[str, Any]:
    if not isinstance(condition, dict):
        raise _Untold("a condition that is no object")
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
            raise _Untold(f"a condition on {kind}{f' {value}' if kind == 'device' else ''}")


def _of_devices(row: Row) -> tuple[NewRule, ...]:
    found = row.get("devicelongurls")
    if not isinstance(found, dict):
        return ()
    return tuple(
        NewRule(when=conditions.read(dict([_DEVICES[name]]), "if"), to=url)
        for name, url in found.items()
        if name in _DEVICES and isinstance(url, str) and url
    )
