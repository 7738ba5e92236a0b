"""Parameters of a route: how a number is read, what it is clamped to, and what the OpenAPI document says of it."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from starlette.requests import Request

from api.problems import invalid

_INTEGER = re.compile(r"(-?)0*([0-9]+)", re.ASCII)


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the path, the query or the headers, as the OpenAPI document shows it."""

    name: str
    where: Literal["path", "query", "header"]
    description: str
    schema: Mapping[str, Any]

    @staticmethod
    def integer(name: str, description: str, default: int, low: int, high: int) -> "IntegerParameter":
        """A whole number of the query with documented bounds."""
        return IntegerParameter(
            name=name,
            where="query",
            description=f"{description} Clamped to {low}–{high}.",
            schema={"type": "integer", "default": default, "minimum": low, "maximum": high},
            default=default,
            low=low,
            high=high,
        )


class IntegerParameter(Parameter, frozen=True):
    default: int
    low: int
    high: int

    def clamp(self, number: int) -> int:
        return min(max(number, self.low), self.high)

    def read(self, request: Request) -> int:
        """The number that was sent, clamped; the default if none was. Raises Problem (400) for text."""
        text = request.query_params.get(self.name)
        if text is None:
            return self.default
        number = _INTEGER.fullmatch(text)
        if number is None:
            raise invalid(self.name, f"{self.name} must be a whole number, {self.low} to {self.high}")
        sign, digits = number.groups()
        # Python refuses to parse numbers of thousands of digits; no range here needs more than 18.
        magnitude = int(digits) if len(digits) <= 18 else 10**18
        return self.clamp(-magnitude if sign else magnitude)
