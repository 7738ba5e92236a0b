"""Paced scanners on raw connections; each scan has a unique number."""

import asyncio
import contextlib
import random
from collections.abc import Sequence

from drill.client_log import ClientLog
from harness.agents import FIREFOX, PHONE, PIXEL
from harness.scanners import Connection

SCANNERS = 8
# Mean pause between two visits of one scanner; all scanners together send at most 600 a second.
PAUSE_S = 0.013
# Timeout of a scanner.
PATIENCE_S = 5.0
RETRY_S = 0.01
HEADS = 0.05

AGENTS = (PHONE, PIXEL, FIREFOX, "curl/8.5.0")


class Scanners:
    """Concurrent scanners. `run` scans until `stop`, then returns within the scanners' timeout."""

    def __init__(
        self, port: int, slugs: Sequence[str], log: ClientLog, dice: random.Random, *, pause_s: float = PAUSE_S
    ) -> None:
        self._pause_s = pause_s
        self._port = port
        self._slugs = slugs
        self._log = log
        self._dice = dice
        self._stop = asyncio.Event()
        self._answered_at = [0.0] * SCANNERS
        self._now = asyncio.get_running_loop().time

    async def run(self) -> None:
        await asyncio.gather(*(self._scan(number) for number in range(SCANNERS)))

    def stop(self) -> None:
        self._stop.set()

    async def answered(self, within_s: float) -> bool:
        """Return whether each scanner gets another redirect in time."""
        since = self._now()
        while self._now() < since + within_s:
            if min(self._answered_at) > since:
                return True
            await asyncio.sleep(0.02)
        return False

    async def _scan(self, number: int) -> None:
        """Run one scanner. It never sends the same visit twice, since the first try may have been stored."""
        wanting: float | None = None
        while not self._stop.is_set():
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                wanting = wanting or self._now()
                async with asyncio.timeout(PATIENCE_S):
                    connection = await Connection.open(self._port)
                try:
                    while not self._stop.is_set():
                        wanting = wanting or self._now()
                        if await self._request(connection):
                            self._answered_at[number] = self._now()
                            self._log.outage(self._now() - wanting)
                            wanting = None
                        await asyncio.sleep(self._dice.expovariate(1 / self._pause_s) if wanting is None else RETRY_S)
                finally:
                    connection.close()
            await asyncio.sleep(RETRY_S)
        if wanting is not None:
            self._log.outage(self._now() - wanting)

    async def _request(self, connection: Connection) -> bool:
        """Send a scan; return whether a redirect came. Raises OSError, EOFError or TimeoutError without an answer."""
        log, dice = self._log, self._dice
        visit = log.next()
        method = "HEAD" if dice.random() < HEADS else "GET"
        head = (
            f"{method} /{dice.choice(self._slugs)}?utm_source=drill&utm_campaign={log.campaign(visit)} HTTP/1.1\r\n"
            f"User-Agent: {dice.choice(AGENTS)}\r\nAccept-Language: en"
        )
        async with asyncio.timeout(PATIENCE_S):
            status, _, _ = await connection.request(head)
        if status != 302:
            return False
        log.gave(visit, self._now())
        return True
