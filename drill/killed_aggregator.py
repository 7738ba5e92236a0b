"""An aggregator on journals and a server, to be killed: `python -m drill.killed_aggregator FOLDER URL TIMEOUT`.

It goes on until it is killed. Each line of standard input is something to do between batches, until it is done:
`erase CODE` or `rebuild`; then it prints the line.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from clickhouse_connect.driver.client import Client

from aggregator import retrying
from aggregator.aggregator import Aggregator, Away, uptime
from aggregator.erasure import erase
from aggregator.journal_bus import JournalBus
from aggregator.queries import CONSISTENT
from aggregator.rebuild import finish, plan, rebuild_step
from infra.warehouse import Warehouse

WORKSPACE = 1
AGAIN_S = 0.2
# A service waits up to five seconds between its tries; here it is to meet as much as it can.
retrying.LONGEST_PAUSE_S = AGAIN_S


def erasing(code: int) -> Callable[[Client], object]:
    return lambda client: erase(client, [(WORKSPACE, code)])


async def until_done(loop: Aggregator, work: Callable[[Client], object]) -> None:
    while True:
        try:
            await loop.between(work)
        except (Away, OSError):
            await asyncio.sleep(AGAIN_S)
        else:
            return


async def rebuild(loop: Aggregator) -> None:
    """Year by year, as `waymark rebuild` does beside a running aggregator."""
    while True:
        try:
            for step in await loop.between(plan):
                await loop.between(lambda client, step=step: rebuild_step(client, step))  # type: ignore[misc]
            await loop.between(finish)
        except (Away, OSError):
            await asyncio.sleep(AGAIN_S)
        else:
            return


async def main(folder: Path, url: str, timeout_s: int) -> None:
    warehouse = Warehouse(url=url)
    bus = JournalBus(folder / "journal", folder / "aggregator" / "intents", uptime)
    loop = Aggregator(bus, lambda: warehouse.connect(timeout_s=timeout_s, max_threads=1, **CONSISTENT))
    moving = asyncio.create_task(loop.run(asyncio.Event()))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        what, _, code = line.partition(" ")
        await (rebuild(loop) if what == "rebuild" else until_done(loop, erasing(int(code))))
        print(line, flush=True)
    # Whoever asked is gone.
    moving.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
