"""`python -m loadtest`: start `waymark up`, run Locust against it, then audit."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec

from bench import load, stack
from harness.launcher import ROOT

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
# How long what was scanned last may take to be stored.
STORED_WITHIN_S = 60.0


class Counted(msgspec.Struct, frozen=True):
    """What Locust came to: its exit status, redirects that scanners were given, requests that failed."""

    status: int
    scans: int
    failures: int


def locust(up: stack.Stack, *, seconds: int, users: int, report: Path) -> Counted:
    """Blocks for so long; Locust shows its figures meanwhile."""
    with tempfile.TemporaryDirectory(prefix="wm-loadtest-") as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"),
                *("-u", str(users), "-r", str(max(users / 5, 1)), "-t", f"{seconds}s", "--stop-timeout", "10"),
                *("--html", str(report), "--csv", f"{folder}/locust"),
            ],
            cwd=ROOT,
            env=os.environ | {"WAYMARK_KEY": up.key, "WAYMARK_API_URL": up.api, "WAYMARK_SHORT_URL": up.short},
            timeout=seconds + 120,
        )
        return counted(done.returncode, Path(folder) / "locust_stats.csv")


def counted(status: int, figures: Path) -> Counted:
    with figures.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
    scans = [row for row in rows if row["Name"].startswith("scan:") and "unknown" not in row["Name"]]
    return Counted(
        status,
        scans=sum(int(row["Request Count"]) - int(row["Failure Count"]) for row in scans),
        failures=sum(int(row["Failure Count"]) for row in rows),
    )


def audited(up: stack.Stack, *, at_least: int) -> tuple[bool, str]:
    """Whether the audit is clean with so many scans stored, and what it says."""
    command = [sys.executable, "-P", "-m", "waymark", "audit", "--data", str(up.data)]
    until = time.monotonic() + STORED_WITHIN_S
    while True:
        told = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120)
        if told.returncode == 0:
            report = json.loads(told.stdout)
            fine = report["stored"] >= at_least and not report["refused"] and not report["waiting"]
        else:
            fine = False
        if fine or time.monotonic() > until:
            shown = subprocess.run(command, capture_output=True, text=True, timeout=120)
            return fine, shown.stdout + shown.stderr
        time.sleep(0.5)


@click.command()
@click.option("--seconds", default=60, show_default=True, help="How long Locust runs.")
@click.option("--users", default=60, show_default=True, help="Ten scanners for two dashboards and one operator.")
@click.option("--report", type=click.Path(path_type=Path), default=Path("loadtest.html"), show_default=True)
@click.option("--hot", default=5, show_default=True, help="Seconds of wrk on one code afterwards, where there is wrk.")
def main(seconds: int, users: int, report: Path, hot: int) -> None:
    """Scanners, dashboards and operators against a whole Waymark; ends with 1 when anything went wrong."""
    with stack.running(workers=2) as up:
        found = locust(up, seconds=seconds, users=users, report=report.absolute())
        scans = found.scans
        click.echo(f"{scans:,} scans were redirected, {found.failures:,} requests of all kinds failed; {report}")
        if hot and shutil.which("wrk") is not None:
            slug = up.create("https://example.com/hot")["slug"]
            driven = load.hot(up.redirect_port, f"/{slug}", seconds=hot, tries=0)
            scans += driven.answers
            click.echo(f"wrk on one code: {driven.per_second:,.0f} redirects a second")
        clean, said = audited(up, at_least=scans)
    click.echo(said.rstrip())
    if not found.scans:
        click.echo("no scan was redirected at all")
    if not clean:
        click.echo(f"the audit does not account for {scans:,} scans")
    raise SystemExit(not (found.status == 0 and found.scans and clean))


if __name__ == "__main__":
    main()
