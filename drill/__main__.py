"""`python -m drill`: inject faults into a running Waymark and count lost and doubled scans."""

import asyncio
import json
import shlex
import shutil
import sys
from typing import get_args

import click
from rich.console import Console

from drill import redis_engines, report, runner, schedule, secure_kafka
from waymark.commands.options import Unusable, explained, json_flag

FIELDS = ("seed", "fault", "promised", "given", "stored", "lost", "doubled", "outage_ms", "gone", "gone_oldest_ms")


@click.command(name="drill")
@click.option("--runs", type=click.IntRange(min=1), default=20, show_default=True, help="Number of faults.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="First seed; runs count up.")
@click.option("--bus", type=click.Choice(["journal", "kafka"]), default="journal", show_default=True)
@click.option("--redis", type=click.Choice(get_args(redis_engines.Kind)), help="Another Redis than `up` starts.")
@click.option("--kafka", type=click.Choice(get_args(secure_kafka.Kind)), help="A broker by TLS, or by TLS and SASL.")
@click.option("--seconds", type=click.FloatRange(min=1), help="Start no run that would not end within this time.")
@click.option("--fault", help="Inject only this fault; the seed still decides target, time and duration.")
@json_flag
@explained
def drill(
    runs: int,
    seed: int,
    bus: str,
    redis: redis_engines.Kind | None,
    kafka: secure_kafka.Kind | None,
    seconds: float | None,
    fault: str | None,
    as_json: bool,
) -> None:
    """Inject faults into a temporary Waymark, and count lost and doubled scans.

    Starts everything in a temporary folder, scans codes, injects faults chosen by the seed, and compares the redirects
    that clients received with the stored scans. Exits with 1 if a promised scan was lost or doubled, or if the audit is
    not clean.
    """
    if not sys.platform.startswith("linux"):
        raise Unusable("the drill needs Linux: it finds processes in /proc")
    which: schedule.Bus = "kafka" if bus == "kafka" or kafka is not None else "journal"
    if fault is not None and fault not in (names := [one.name for one in schedule.faults_of(which)]):
        raise Unusable(f"there is no fault {fault!r} for this bus; there are: {', '.join(names)}")
    missing = [name for name in ("java", "mvn") if which == "kafka" and shutil.which(name) is None]
    if missing:
        raise Unusable(f"a Kafka broker needs Java and Maven; missing here: {', '.join(missing)}")
    outcomes = asyncio.run(
        runner.drill(
            which,
            range(seed, seed + runs),
            seconds=seconds,
            say=lambda line: click.echo(line, err=True),
            only=fault,
            redis=redis,
            kafka=kafka,
        )
    )
    if not outcomes:
        raise Unusable("nothing was run")
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else 120)
    report.show(outcomes, which, console, again(which, redis, kafka, fault))
    if as_json:
        told = [{field: getattr(outcome, field) for field in FIELDS} for outcome in outcomes]
        click.echo(json.dumps({"runs": told}))
    raise SystemExit(any(outcome.failed for outcome in outcomes))


def again(bus: str, redis: str | None, kafka: str | None, fault: str | None) -> str:
    """The command that does the same, but for seeds and runs."""
    chosen = (("--bus", bus), ("--redis", redis), ("--kafka", kafka), ("--fault", fault))
    return shlex.join(
        ["python", "-m", "drill", *(word for option, value in chosen if value for word in (option, value))]
    )


if __name__ == "__main__":
    drill()
