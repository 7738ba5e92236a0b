"""Check the values of a style as they come from JSON. Each check raises Refused with the field."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from qr.errors import Refused


def present(said: Mapping[str, Any]) -> dict[str, Any]:
    """Drop nulls: null means unset."""
    return {name: value for name, value in said.items() if value is not None}


def record(value: object, field: str, otherwise: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(field, f"must be an object, or {otherwise}" if otherwise else "must be an object")
    return present(value)


def one_of(value: object, known: Collection[str], field: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise Refused(field, f"must be one of: {', '.join(known)}")
    return value


def number(value: object, low: float, high: float, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(field, "must be a number")
    if not low <= value <= high:
        raise Refused(field, f"must be {low:g} to {high:g}")
    return float(value)
