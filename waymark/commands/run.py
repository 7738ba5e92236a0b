"""Commands that run services: `waymark up` for everything on one machine, or a single service."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from waymark import logs
from waymark.commands.options import Unusable, data_flag, explained, settings
from waymark.logs import start_line
from waymark.setting_checks import missing
from waymark.terminal import Output


@click.command()
@data_flag
@click.option("--api-port", type=int, help="The port of the API. [WAYMARK_API_PORT, 8000]")
@click.option("--redirect-port", type=int, help="The port of the redirectors. [WAYMARK_REDIRECT_PORT, 8001]")
@click.option("--workers", type=int, help="Number of redirector processes. [WAYMARK_WORKERS, 1]")
@click.option("--new", is_flag=True, help="Start afresh although scans are stored and Redis is empty.")
@explained
def up(data: Path | None, api_port: int | None, redirect_port: int | None, workers: int | None, new: bool) -> None:
    """Run everything on this machine until stopped.

    Starts Redis, redirectors, aggregator and API, with all data in one folder.
    """
    from waymark.up import up as run

    logs.early("up")
    found = settings(data=data, api_port=api_port, redirect_port=redirect_port, workers=workers)
    logs.configure("up", found.log_format)
    logging.getLogger(__name__).info("%s", start_line("up", found))
    output = Output(sys.stdout.fileno())
    try:
        status = run(found, output.say, new=new)
    finally:
        output.close()
    raise SystemExit(status)


def _service(name: str, description: str, *, hidden: bool = False) -> click.Command:
    @click.command(name, help=description, hidden=hidden)
    @data_flag
    @click.option("--sockets", default="", hidden=True)
    @click.option("--status", default="", hidden=True)
    @click.option("--salts", type=int, hidden=True)
    @click.option("--worker", default="", hidden=True)
    @click.option("--nice", type=int, default=0, hidden=True)
    @explained
    def command(data: Path | None, nice: int, **handed: Any) -> None:
        from waymark import services

        logs.early(name)
        run: Callable[..., Any] = getattr(services, name)
        found = settings(data=data)
        if lacking := missing(name, found):
            raise Unusable("\n".join(lacking))
        services.enter(name, found, nice=nice)
        raise SystemExit(run(found, services.Handed(**handed)))

    return command


redirect = _service("redirect", "Run one redirector, which answers short links and writes scans to the journal.")
ingest = _service("ingest", "Ship this machine's journals to Kafka.")
aggregate = _service("aggregate", "Store scans from the bus in the warehouse.")
api = _service("api", "Run the API.")
core = _service("core", "Run aggregator and API in one process, as `waymark up` does.", hidden=True)
