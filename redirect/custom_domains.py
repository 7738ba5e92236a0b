"""The hosts that serve links: the short host, and the verified domains of workspaces; and how their pages look.

All verified domains and all brandings are in memory. They are read from Redis at the start and again whenever one
changes. Domains are trusted as routes are: while messages arrive without a gap. Without trust, and while a change is
being read, a request at any host but the short one waits for Redis; when Redis is away, it is served with the domains
known so far.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from decisions.response import Response, redirect_to
from redirect.bounded_cache import BoundedCache
from redirect.event_line import piece
from redirect.metrics import Counts
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from redirect.route_cache import Trust
from schemas import keys
from schemas.branding import PLAIN, Branding, decode_branding
from schemas.domain import Domain, decode_domain

_REMEMBERED = 4_096
_LOAD_AGAIN_S = 0.5


class CustomDomain(msgspec.Struct, frozen=True):
    """A custom domain, ready to be served. `event` is its name as a journal line has it; `root` and `not_found` are
    what its bare name and unknown links get: a redirect, a text to show, or None for what the short host shows."""

    name: str
    workspace: int
    event: bytes
    root: Response | str | None = None
    not_found: Response | str | None = None
    branding: Branding = PLAIN


# Sentinel for an unknown host when `unknown_hosts` is `404`.
UNKNOWN_HOST = CustomDomain("", 0, b"")


class CustomDomains:
    """All verified domains. With `strict`, unknown hosts are UNKNOWN_HOST; else they count as the short host. In the
    epoch `idle` there are no custom domains, so the host is not looked up at all, as in most deployments."""

    def __init__(
        self,
        primary: RedisClient,
        trust: Trust,
        short_host: str,
        *,
        strict: bool,
        elapsed: Callable[[], float],
        counts: Counts,
    ) -> None:
        self._primary = primary
        self._trust = trust
        self._strict = strict
        self._elapsed = elapsed
        self._counts = counts
        self._short = {short_host.encode(), _bare(short_host.encode())}
        self._known: dict[bytes, CustomDomain] = {}
        self._seen: BoundedCache[bytes, CustomDomain | None] = BoundedCache(_REMEMBERED, self._resolved)
        # The version that has to be read, and the epoch in which it was read.
        self._wanted = 0
        self._wanted_in = -1
        self._epoch = -1
        self._doubt = True
        self._when_read: list[Callable[[], object]] = []
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self.idle = -1
        # By the number of the workspace, and by token. `on_tokens` is called when workspaces have other tokens.
        self.brandings: Mapping[int, Branding] = {}
        self.by_token: Mapping[str, Branding] = {}
        self.on_tokens: Callable[[], object] = lambda: None
        # Set once the domains have been read for the first time.
        self.known = asyncio.Event()

    def __len__(self) -> int:
        return len(self._known)

    def is_verified(self, name: str) -> bool:
        return name.lower().rstrip(".").encode(errors="replace") in self._known

    def at_once(self, scope: Mapping[str, Any]) -> CustomDomain | None:
        """As `find`, but without waiting, for a caller that has checked trust: UNKNOWN_HOST also when the host is not
        known yet."""
        raw = _host_of(scope)
        if raw in self._short:
            return None
        return self._seen[raw] if self._is_read() else UNKNOWN_HOST

    def last_known(self, scope: Mapping[str, Any]) -> CustomDomain | None:
        """As `find`, with what is known, trusted or not: enough for the look of a page."""
        found = self._seen[_host_of(scope)]
        return None if found is UNKNOWN_HOST else found

    async def find(self, scope: Mapping[str, Any]) -> CustomDomain | None:
        """The custom domain of a request; None for the short host. Waits for Redis if the domains cannot be trusted;
        never raises."""
        raw = _host_of(scope)
        if raw in self._short:
            return None
        if self._elapsed() >= self._trust.until or not self._is_read():
            with contextlib.suppress(Away, Refused):
                await asyncio.shield(self._read_from_now())
        return self._seen[raw]

    def doubt(self, version: int, read: Callable[[], object] = lambda: None) -> None:
        """A domain has changed: trust nothing until this version, or a later one, has been read; `read` is called
        then."""
        if self._wanted_in != self._trust.epoch:
            # The version may come from another Redis that was ahead of this one.
            self._wanted, self._wanted_in = 0, self._trust.epoch
        self._wanted = max(self._wanted, version)
        self._doubt = True
        self._when_read.append(read)
        self.idle = -1
        self._wake.set()

    def heard(self) -> None:
        """Redis answers again: read now if this epoch has not been read yet."""
        if not self._is_read():
            self._wake.set()

    async def keep(self) -> None:
        """Read the domains whenever they are in doubt, until cancelled."""
        while True:
            self._wake.clear()
            if not self._is_read():
                with contextlib.suppress(Away, Refused):
                    await asyncio.shield(self._read_from_now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOAD_AGAIN_S):
                    await self._wake.wait()

    def _is_read(self) -> bool:
        return self._epoch == self._trust.epoch and not self._doubt

    def _read_from_now(self) -> "asyncio.Task[None]":
        """A read that has not begun, shared by all callers until it does."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
            self._next.add_done_callback(_seen_by_nobody)
        return self._next

    async def _after(self, running: "asyncio.Task[None] | None") -> None:
        if running is not None and not running.done():
            await asyncio.wait({running})
        else:
            # Callers of the same turn of the loop share the read.
            await asyncio.sleep(0)
        self._running, self._next = self._next, None
        await self._read()

    async def _read(self) -> None:
        epoch = self._trust.epoch
        # The version is read first, so the rows are at least as new.
        version, rows, brands = await self._primary.ask_all(
            ("GET", keys.DOMAINS_VERSION), ("HVALS", keys.DOMAINS), ("HGETALL", keys.BRANDINGS)
        )
        self._read_brandings(brands)
        known: dict[bytes, CustomDomain] = {}
        for raw in rows:
            try:
                domain = decode_domain(raw)
                if domain.verified_at_ms is not None:
                    known[domain.name.encode()] = _host(domain, self.brandings.get(domain.workspace, PLAIN))
            except (msgspec.DecodeError, ValueError):
                self._counts.unreadable_routes += 1
        self._known = known
        self._seen.clear()
        if int(version or 0) >= self._wanted or self._wanted_in != epoch:
            self._epoch = epoch
            self._doubt = False
            self.idle = -1 if known or self._strict else epoch
            self.known.set()
            waiting, self._when_read = self._when_read, []
            for read in waiting:
                read()

    def _read_brandings(self, fields_and_values: list[bytes]) -> None:
        brandings: dict[int, Branding] = {}
        for number, raw in zip(fields_and_values[::2], fields_and_values[1::2], strict=True):
            try:
                brandings[int(number)] = decode_branding(raw)
            except (msgspec.DecodeError, ValueError):
                self._counts.unreadable_routes += 1
        before = self.by_token.keys()
        self.brandings = brandings
        self.by_token = {one.token: one for one in brandings.values() if one.token}
        if self.by_token.keys() != before:
            self.on_tokens()

    def _resolved(self, raw: bytes) -> CustomDomain | None:
        bare = _bare(raw.lower())
        if bare in self._short:
            return None
        return self._known.get(bare, UNKNOWN_HOST if self._strict else None)


def _host_of(scope: Mapping[str, Any]) -> bytes:
    for name, value in scope["headers"]:
        if name == b"host":
            found: bytes = value
            return found
    return b""


def _bare(raw: bytes) -> bytes:
    """The host without port and final dot. (No domain is an IPv6 address.)"""
    return raw.partition(b":")[0].rstrip(b".")


def _host(domain: Domain, below: Branding) -> CustomDomain:
    """Prepare a domain. Raises ValueError for an impossible name (`codes` refuses those)."""
    return CustomDomain(
        name=domain.name,
        workspace=domain.workspace,
        event=piece(domain.name),
        root=_shown(domain.root_url, domain.root_text),
        not_found=_shown(domain.not_found_url, domain.not_found_text),
        branding=below if domain.branding is None else domain.branding.over(below),
    )


def _shown(url: str, text: str) -> Response | str | None:
    return redirect_to(url.encode("ascii"), "unknown") if url else text or None


def _seen_by_nobody(task: "asyncio.Task[None]") -> None:
    """Retrieve the exception, since everybody who waited may be gone."""
    if not task.cancelled():
        task.exception()
