"""Find the primary of a Redis that fails over: ask its Sentinels, or the nodes of a cluster.

All are asked at once, and the newest answer counts: one that was cut off may still name the old primary. Both clients
(`codes.redis_client`, `redirect.redis_connection`) look whenever they connect, so they need no notice of a failover: a
primary that died loses their connections, and one that was demoted answers READONLY or MOVED, at which they close
theirs.

On a cluster all of Waymark's keys are in one hash slot (`schemas.keys.PREFIX`), so there is one primary there, too: the
master of that slot.
"""

import asyncio
import ssl
from binascii import crc_hqx
from contextlib import suppress
from typing import Any, cast

import hiredis

from infra.engine_urls import RedisUrl
from schemas import keys

# How long one of them may take to answer, and how long the others may take once the first one has.
ANSWER_S = 1.0
OTHERS_S = 0.1

SLOTS = 16384
# That of all keys.
SLOT = crc_hqx(keys.TAG.encode(), 0) % SLOTS

Address = tuple[str, int]


class NoPrimary(ConnectionError):
    """None of those asked knows a primary now."""


async def find(at: RedisUrl) -> Address:
    """Where the primary is now. Raises NoPrimary."""
    tls = at.tls
    asking = {asyncio.create_task(_ask(at, tls, host, port)) for host, port in at.seeds}
    answers: list[tuple[int, Address]] = []
    wrong: list[str] = []
    left: set[asyncio.Task[tuple[int, Address]]] = asking
    try:
        async with asyncio.timeout(ANSWER_S) as limit:
            while left:
                done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    if (error := one.exception()) is not None:
                        wrong.append(str(error) or type(error).__name__)
                    else:
                        answers.append(one.result())
                if answers and (end := asyncio.get_running_loop().time() + OTHERS_S) < (limit.when() or 0.0):
                    limit.reschedule(end)
    except TimeoutError:
        wrong.append("not all answered in time")
    finally:
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    if not answers:
        of = "Sentinel" if at.asks == "sentinel" else "node of the cluster"
        raise NoPrimary(f"no {of} names a primary: {'; '.join(sorted(set(wrong)))}")
    return max(answers)[1]


async def _ask(at: RedisUrl, tls: ssl.SSLContext | None, host: str, port: int) -> tuple[int, Address]:
    """How new the answer of one of them is, and the answer."""
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    replies = hiredis.Reader(notEnoughData=_MORE)

    async def call(*words: str) -> Any:
        writer.write(bytes(hiredis.pack_command(cast(Any, words))))
        while (reply := replies.gets()) is _MORE:
            data = await reader.read(65536)
            if not data:
                raise ConnectionError(f"{host}:{port} closed the connection")
            replies.feed(data)
        if isinstance(reply, hiredis.ReplyError):
            raise ConnectionError(f"{host}:{port}: {reply}")
        return reply

    try:
        if at.asks == "sentinel":
            if at.sentinel_password:
                await call("AUTH", *([at.sentinel_user] if at.sentinel_user else []), at.sentinel_password)
            named = await call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", at.service)
            if named is None:
                raise ConnectionError(f"{host}:{port} watches no {at.service}")
            said = await call("SENTINEL", "MASTER", at.service)
            epoch = dict(zip(said[::2], said[1::2], strict=True))[b"config-epoch"]
            return int(epoch), (named[0].decode(), int(named[1]))
        if at.password:
            await call("AUTH", *([at.user] if at.user else []), at.password)
        found = _owner(await call("CLUSTER", "SLOTS"), host)
        if found is None:
            raise ConnectionError(f"{host}:{port}: nobody has the slot {SLOT}")
        info = await call("CLUSTER", "INFO")
        return _epoch(info), found
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


_MORE = object()


def _owner(slots: Any, asked: str) -> Address | None:
    """A node that does not know its own address names none: it is where it was asked."""
    for first, last, master, *_ in slots:
        if first <= SLOT <= last:
            return (master[0] or b"").decode() or asked, int(master[1])
    return None


def _epoch(info: bytes) -> int:
    for line in info.decode().splitlines():
        name, _, value = line.partition(":")
        if name == "cluster_current_epoch":
            return int(value)
    return 0
