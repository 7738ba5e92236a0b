"""One redirector alone, on uvicorn as it ships, on uvicorn without `redirect.fast_path`, or on granian: for
`bench.servers`, as a child process.

    python -m bench.redirector granian PORT REDIS_URL JOURNAL
"""

import gc
import secrets
from pathlib import Path

import click
import uvicorn
import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from ingest.journal import Journal
from redirect import clock, fast_path
from redirect.build import build
from redirect.settings import RedirectSettings

SERVERS = ("uvicorn", "uvicorn by the application alone", "granian")


@click.command()
@click.argument("server", type=click.Choice(SERVERS))
@click.argument("port", type=int)
@click.argument("redis_url")
@click.argument("journal", type=Path)
def main(server: str, port: int, redis_url: str, journal: Path) -> None:
    opened = Journal.open(journal, source=secrets.randbelow(2**63 - 1) + 1, now_ms=clock.now_ms, max_bytes=2 << 30)
    app, at_once, soon, commit = build(RedirectSettings(redis_url=redis_url, journal=journal), opened)
    gc.collect()
    gc.freeze()
    if server == "granian":
        uvloop.run(Server(app, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False).serve())
        return
    uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http=fast_path.protocol(at_once, soon, commit, clock.elapsed) if server == "uvicorn" else "httptools",
            ws="none",
            lifespan="on",
            proxy_headers=False,
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_keep_alive=30,
        )
    ).run()


if __name__ == "__main__":
    main()
