"""The declarations of settings, and the conversion of their text (from a variable or a flag) to values."""

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

_BYTES = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_UNITS = {
    **dict.fromkeys(("journal_max", "warehouse_free"), _BYTES),
    **dict.fromkeys(
        (
            *("stale_max", "silent_after", "shipped_keep", "gate_pass", "sticky", "drain"),
            *("domain_check", "domain_grace", "changes_kept"),
        ),
        _SECONDS,
    ),
}


class Setting(msgspec.Struct, frozen=True):
    """A setting, as its field declares it."""

    field: str
    env: str
    description: str
    default: Any


def declared(settings: type[msgspec.Struct]) -> tuple[Setting, ...]:
    """The settings that the fields' `Meta` declare."""
    hints = get_type_hints(settings, include_extras=True)
    found = []
    for field in msgspec.structs.fields(settings):
        meta: Meta = get_args(hints[field.name])[1]
        assert meta.extra is not None and meta.description is not None
        found.append(Setting(field.name, meta.extra["env"], meta.description, field.default))
    return tuple(found)


def converted(settings: type[msgspec.Struct], field: str, given: Any) -> Any:
    """The value of a field. Raises ValueError, which says what the field takes."""
    plain = given
    if field in _UNITS and isinstance(given, str):
        match = re.fullmatch(r"(\d+)\s*([a-z]*)", given.strip().lower())
        units = _UNITS[field]
        if match is None or match[2] not in units:
            known = ", ".join(unit for unit in units if unit)
            raise ValueError(f"expected a number, with or without one of {known}")
        plain = int(match[1]) * units[match[2]]
    try:
        one = msgspec.convert({field: plain}, settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).split(" - at ")[0]) from None
    return getattr(one, field)


def _decode(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise TypeError(f"no setting has the type {kind}")


def described(env: str, description: str, **limits: Any) -> msgspec.Meta:
    """The variable of a setting, and what it means."""
    return msgspec.Meta(description=description, extra={"env": env}, **limits)
