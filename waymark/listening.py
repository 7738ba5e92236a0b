"""Listening sockets: bound once by the supervisor and inherited, so a port never refuses while a
process behind it restarts."""

import contextlib
import errno
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from waymark.trouble import Trouble

BACKLOG = 2048
STATUS_PORT = 8002
# Where a service manager puts the first one.
FIRST_ACTIVATED = 3

# `localhost` names ::1 also on a machine without IPv6; the other address is enough then.
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class PortTaken(Trouble):
    """A port that cannot be had; the message says which, why, and what to do."""


def listen(host: str, port: int, *, flag: str, reuse_port: bool = False) -> list[socket.socket]:
    """A listening socket for each address of `host`, which with `reuse_port` other processes of this user may have,
    too. Raises PortTaken."""
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
    """The status port; where none is asked for, the first of a hundred that is free. Raises PortTaken."""
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
    """A listening unix socket that only this user can reach, in place of whatever was left there."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(16)
    listener.setblocking(False)
    return listener


def activated(environ: Mapping[str, str], pid: int, name: str = "", port: int = 0) -> list[socket.socket]:
    """The sockets that a service manager (systemd, say) has opened for this process: those of that name or at that
    port, or all of them."""
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
            # Another service's, which asks for it itself.
            one.detach()
    return found


def inherited(descriptors: str) -> list[socket.socket]:
    """The sockets that a parent handed down, as `described` wrote them."""
    return [socket.socket(fileno=int(number)) for number in descriptors.split(",") if number]


def described(sockets: Iterable[socket.socket]) -> str:
    return ",".join(str(one.fileno()) for one in sockets)
