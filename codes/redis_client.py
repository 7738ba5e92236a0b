"""The client for Redis: bounded in time, and one exception when Redis cannot answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from functools import wraps
from hashlib import sha1
from typing import Any, ParamSpec, Protocol, TypeVar
from weakref import WeakKeyDictionary

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from codes.errors import Unavailable
from infra import engine_urls, redis_primary
from infra.engine_urls import RedisUrl

P = ParamSpec("P")
T = TypeVar("T")

# How long a command may take before Redis counts as away: it syncs its disk before it answers, and a busy disk may take
# seconds. How long a command may wait for a free connection: commands are short, so a few connections serve a burst of
# many callers.
ANSWER_S = 5.0
BUSY_S = 5.0
CONNECTIONS = 32

# Errors of a server that is up but cannot serve now: loading, failing over, disk or memory full.
_NOT_NOW = ("LOADING", "MISCONF", "OOM", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY")
# Redis 6.2 wraps such an error of a script's command in the script's error.
_IN_SCRIPT = re.compile(rf"^Error running script .*@user_script: ?\d+: -?({'|'.join(_NOT_NOW)})\b", re.DOTALL)


# The replication ids of the primaries that connections led to from here on, where somebody looks (codes.replication).
PRIMARIES: ContextVar[set[bytes] | None] = ContextVar("primaries", default=None)
_ID = re.compile(rb"master_replid:(\w+)")


class _PrimaryConnection(Connection):
    """A connection to the primary. It closes itself when that is another one now."""

    def __init__(self, at: RedisUrl, **settings: Any) -> None:
        self._at = at
        super().__init__(host=at.host, port=at.port, **settings)

    async def _connect(self) -> None:
        if self._at.asks:
            self.host, self.port = await redis_primary.find(self._at)
        await super()._connect()  # type: ignore[no-untyped-call]

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().read_response(*args, **kwargs)
        except exceptions.ResponseError as error:
            if isinstance(error, _ELSEWHERE) or ((found := _IN_SCRIPT.search(str(error))) and found[1] == "READONLY"):
                await self.disconnect()
            raise


class _SecurePrimaryConnection(_PrimaryConnection, SSLConnection):
    pass


_ELSEWHERE = (exceptions.ReadOnlyError, exceptions.MovedError)


class Pool(ConnectionPool):
    """Lends at most CONNECTIONS connections at a time; later callers wait.

    Not redis-py's blocking pool: a caller that is cancelled while it returns a connection there can leak it, until the
    pool is empty.
    """

    def __init__(self, *, fails_over: bool = False, **settings: Any) -> None:
        """`fails_over`: when one connection has failed, none that is idle is used again, so that a primary that hangs
        costs one wait and not one for each connection."""
        super().__init__(max_connections=16 * CONNECTIONS, **settings)
        self._fails_over = fails_over
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._lent: set[AbstractConnection] = set()

    async def get_connection(self, *args: Any, **kwargs: Any) -> AbstractConnection:
        async with asyncio.timeout(BUSY_S):
            await self._turns.acquire()
        try:
            connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        except BaseException:
            self._turns.release()
            raise
        self._lent.add(connection)
        if (used := PRIMARIES.get()) is not None:
            used.add(getattr(connection, "primary_id", b""))
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        # A connection that failed to open is released, too, but was never lent.
        if connection in self._lent:
            self._lent.remove(connection)
            self._turns.release()
        failed = not connection.is_connected
        await super().release(connection)
        if failed and self._fails_over:
            await self.disconnect(inuse_connections=False)


def connect(url: str, *, identified: bool = False) -> Redis:
    """Return a client for `url` (`infra.engine_urls`). Opens nothing yet. Raises ValueError for an invalid address.
    `identified`: its connections know which primary they lead to, for `codes.replication`.

    The client retries nothing: a command without an answer may have been carried out, and only the caller knows whether
    it may be sent again.
    """
    at = engine_urls.redis(url)
    where: dict[str, Any]
    if at.path:
        where = {"connection_class": UnixDomainSocketConnection, "path": at.path}
    elif at.secure:
        where = {"connection_class": _SecurePrimaryConnection, "at": at}
        where |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
        where |= {"ssl_ca_certs": at.ca, "ssl_certfile": at.certificate, "ssl_keyfile": at.key}
    else:
        where = {"connection_class": _PrimaryConnection, "at": at}
    if at.asks or identified:
        where["redis_connect_func"] = _to_the_primary
    pool = Pool(
        **where,
        fails_over=bool(at.asks),
        username=at.user,
        password=at.password,
        db=at.db,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


async def _to_the_primary(connection: AbstractConnection) -> None:
    """Log in, and look whether this is the primary, and which. Sentinels may name one that is not promoted yet."""
    await connection.on_connect()
    await connection.send_command("INFO", "replication")
    info = await connection.read_response()
    found = _ID.search(info)
    if b"role:master" not in info or found is None:
        raise exceptions.ConnectionError("what is said to be the primary is none yet")
    connection.primary_id = found[1]  # type: ignore[attr-defined]


def raises_unavailable(call: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorate an async function to raise Unavailable when Redis is away, slow, or cannot serve now."""

    @wraps(call)
    async def bounded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
            raise Unavailable(str(error)) from error
        except exceptions.ResponseError as error:
            # The client strips the code from errors that it has a class for, so check both.
            if isinstance(error, _CLASSES) or str(error).startswith(_NOT_NOW) or _IN_SCRIPT.search(str(error)):
                raise Unavailable(str(error)) from error
            raise

    return bounded


_CLASSES = (
    exceptions.ReadOnlyError,
    # And MOVED, which is one.
    exceptions.AskError,
    exceptions.ClusterDownError,
    exceptions.MasterDownError,
    exceptions.OutOfMemoryError,
    exceptions.TryAgainError,
)


class WriteRecorder(Protocol):
    """Keeps a second copy of what a client writes (`codes.change_log.recorder`)."""

    def elements(self, words: Sequence[str | bytes | float]) -> list[str]: ...

    async def write(self, words: Sequence[str | bytes | float], elements: Sequence[str]) -> Any: ...


_recorders: WeakKeyDictionary[Redis, WriteRecorder] = WeakKeyDictionary()


def record_writes(redis: Redis, recorder: WriteRecorder) -> None:
    """Have every write that goes through `command` recorded before it returns."""
    _recorders[redis] = recorder


async def command(redis: Redis, *words: str | bytes | float) -> Any:
    """Send one command and return its answer."""
    recorder = _recorders.get(redis)
    if recorder is not None and (elements := recorder.elements(words)):
        return await recorder.write(words, elements)
    return await redis.execute_command(*words)  # type: ignore[no-untyped-call]


class Script:
    """A Lua script, sent by its digest, and in full to a server that does not know it yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Redis names scripts by SHA-1; no security rests on it.
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: list[str], *args: str | bytes | int) -> Any:
        try:
            return await command(redis, "EVALSHA", self.sha, len(keys), *keys, *args)
        except exceptions.NoScriptError:
            return await command(redis, "EVAL", self.text, len(keys), *keys, *args)


# Replaces a value that is still as it was read; a caller that lost against another change reads again.
REPLACE = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
""")
