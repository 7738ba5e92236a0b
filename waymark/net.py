"""Sockets and ports: listen, hand sockets down, wait until a port answers, raise the descriptor limit.

The supervisor binds sockets once and children inherit them, so a port never refuses while a process restarts.
"""

import asyncio
import contextlib
import errno
import resource
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from waymark.errors import UserError

BACKLOG = 2048
STATUS_PORT = 8002
# SD_LISTEN_FDS_START.
FIRST_ACTIVATED = 3

# `localhost` names ::1 also on a machine without IPv6; the other address is enough then.
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class PortTaken(UserError):
    """A port cannot be bound; the message says which, why, and what to do."""


def listen(host: str, port: int, *, flag: str, reuse_port: bool = False) -> list[socket.socket]:
    """A listening socket for each address of `host`; with `reuse_port` other processes of this user may bind them, too.
    Raises PortTaken."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise PortTaken(f"WAYMARK_HOST={host!r} is not an address of this machine: {error.strerror}") from None
    bound: list[socket.socket] = []
    reason = "no such address here"
    for family, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
        try:
            bound.append(_bind(family, address, reuse_port=reuse_port))
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno not in _NOT_HERE:
                for one in bound:
                    one.close()
                bound.clear()
                break
    if not bound:
        raise PortTaken(
            f"Port {port} of {host} cannot be used ({reason}). Stop what uses it, or choose another with {flag}."
        )
    return bound


def listen_for_status(host: str, port: int | None) -> list[socket.socket]:
    """The status port; without one, the first free port of a hundred. Raises PortTaken."""
    if port is not None:
        return listen(host, port, flag="WAYMARK_STATUS_PORT")
    for port in range(STATUS_PORT, STATUS_PORT + 100):
        with contextlib.suppress(PortTaken):
            return listen(host, port, flag="WAYMARK_STATUS_PORT")
    return listen(host, STATUS_PORT, flag="WAYMARK_STATUS_PORT")


def _bind(family: socket.AddressFamily, address: Any, *, reuse_port: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def unix_socket(path: Path) -> socket.socket:
    """A listening unix socket that only this user can reach; replaces a leftover."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(16)
    listener.setblocking(False)
    return listener


def activated(environ: Mapping[str, str], pid: int, name: str = "", port: int = 0) -> list[socket.socket]:
    """The sockets that a service manager such as systemd has opened for this process: those of that name or port, else
    all."""
    if environ.get("LISTEN_PID") != str(pid) or not environ.get("LISTEN_FDS", "").isdigit():
        return []
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found = []
    for number in range(int(environ["LISTEN_FDS"])):
        called = names[number] if number < len(names) else ""
        one = socket.socket(fileno=FIRST_ACTIVATED + number)
        said = one.getsockname()
        if not name or called == name or (isinstance(said, tuple) and said[1] == port):
            one.setblocking(False)
            one.set_inheritable(False)
            found.append(one)
        else:
            # Of another service, which takes it itself.
            one.detach()
    return found


def inherited(descriptors: str) -> list[socket.socket]:
    """The sockets that a parent handed down, from what `described` wrote."""
    return [socket.socket(fileno=int(number)) for number in descriptors.split(",") if number]


def described(sockets: Iterable[socket.socket]) -> str:
    return ",".join(str(one.fileno()) for one in sockets)


async def until(
    so: Callable[[], Awaitable[bool]],
    *,
    within_s: float,
    unless: Callable[[], bool],
    every_s: float = 0.05,
) -> bool:
    """Poll until `so` holds: whether it did in time. Gives up early when `unless` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while loop.time() < deadline and not unless():
        if await so():
            return True
        await asyncio.sleep(every_s)
    return False


async def answers_http(host: str, ports: Sequence[int], path: str) -> bool:
    """Whether every port answers a GET of `path` with 200."""
    # `0.0.0.0` and `::` are addresses to listen on, not to connect to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    for port in ports:
        try:
            status = await asyncio.wait_for(_status(host, port, path), 1.0)
        except (OSError, TimeoutError):
            return False
        if b" 200 " not in status:
            return False
    return True


async def _status(host: str, port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return await reader.readline()
    finally:
        writer.close()


# Where there is no hard limit; what Linux allows a process unless told otherwise.
MOST = 1 << 20
# What macOS allows a process, whatever the hard limit says.
MOST_OF_MACOS = 10_240


def raise_descriptor_limit() -> int:
    """Lifts the soft limit (1,024 on most systems, for old programs) to the hard one. Returns what holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (MOST if hard == resource.RLIM_INFINITY else hard, MOST_OF_MACOS):
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            break
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    return descriptor_limit()


def descriptor_limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else soft
