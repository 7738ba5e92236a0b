"""The findings and checks of `waymark check`: one finding for each thing that it checks."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`bad`: it does not work. `warning`: it works, but needs attention."""

    about: str
    state: Literal["ok", "warning", "bad"]
    text: str


def ok(about: str, text: str) -> Finding:
    return Finding(about, "ok", text)


def warning(about: str, text: str) -> Finding:
    return Finding(about, "warning", text)


def bad(about: str, text: str) -> Finding:
    return Finding(about, "bad", text)
