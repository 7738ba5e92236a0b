"""`waymark check`: check settings, machine and engines."""

import asyncio
import logging
from pathlib import Path

import click

from waymark.checks import Finding, ok
from waymark.checks.engines import engines
from waymark.checks.machine import machine
from waymark.checks.visitors import visitors
from waymark.commands import output
from waymark.commands.options import data_flag, explained, json_flag, settings
from waymark.settings import Settings

_MARKS = {"ok": "ok", "warning": "warn", "bad": "BAD"}


@click.command()
@data_flag
@json_flag
@explained
def check(data: Path | None, as_json: bool) -> None:
    """Check settings, machine and engines, and report what was found.

    Starts and changes nothing. Exit status: 0 if everything works, 1 if something does not, 2 if a setting is
    invalid.
    """
    # What clients say of an engine that is away is among the findings.
    logging.getLogger().addHandler(logging.NullHandler())
    found = asyncio.run(_all(settings(data=data)))
    if as_json:
        output.as_json(found)
    else:
        output.rows(["", "what", "found"], [[_MARKS[one.state], one.about, one.text] for one in found])
    raise SystemExit(1 if any(one.state == "bad" for one in found) else 0)


async def _all(found: Settings) -> list[Finding]:
    return [
        ok("settings", "all valid"),
        *machine(found),
        *[one async for one in engines(found)],
        *visitors(found),
    ]
