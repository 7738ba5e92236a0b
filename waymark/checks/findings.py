"""What `waymark check` found: one line for each thing that it looked at."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`bad`: it does not work so. `warning`: it works, and somebody should look."""

    about: str
    state: Literal["ok", "warning", "bad"]
    text: str


def ok(about: str, text: str) -> Finding:
    return Finding(about, "ok", text)


def warning(about: str, text: str) -> Finding:
    return Finding(about, "warning", text)


def bad(about: str, text: str) -> Finding:
    return Finding(about, "bad", text)
