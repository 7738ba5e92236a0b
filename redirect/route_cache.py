"""The route cache: the newest known version of each route, and which may be trusted without asking Redis."""

from collections.abc import Callable

import msgspec

from decisions.decision import ScanPolicy, decide
from decisions.response import redirect_to
from redirect.bounded_cache import forget_oldest
from redirect.event_line import piece
from schemas import keys
from schemas.event import Outcome
from schemas.route import Route

_KEY_START, _, _KEY_END = keys.route("\n").partition("\n")
RECENT = 10_000
UNKNOWN_FOR_S = 1.0


def link_key_of(key: str) -> str | None:
    """The link key (`schemas.keys.link_key`) in a route's Redis key; None if the key is not a route's."""
    if key.startswith(_KEY_START) and key.endswith(_KEY_END):
        return key[len(_KEY_START) : -len(_KEY_END)]
    return None


class CachedRoute(msgspec.Struct, gc=False):
    """A route prepared for answering. `epoch` is the epoch of `Trust` in which Redis last confirmed it; `event` the
    part of a journal line that all its scans share; `code` its birth as bytes, `workspace` likewise. If `plain`, every
    scan gets a 302 with `headers`; else `policy` decides each scan, and without a policy there is no code."""

    version: int
    epoch: int
    outcome: Outcome
    headers: tuple[tuple[bytes, bytes], ...]
    event: bytes
    code: bytes
    workspace: bytes
    plain: bool
    policy: ScanPolicy | None


class Trust:
    """Until when the cache may be trusted without asking, on the clock of `redirect.clock.elapsed`.

    A route is trusted if it has this `epoch` (no message has been missed since it was confirmed) and `until` is in the
    future (messages are arriving now).
    """

    __slots__ = ("epoch", "heard_at", "until")

    def __init__(self) -> None:
        self.epoch = 0
        self.until = 0.0
        # The time of Redis's last answer.
        self.heard_at = float("-inf")


class RouteCache:
    """The bounded cache. Reading never refreshes a route; only messages and replies from Redis do.

    `paused_page` is the address that tells a visitor that a code of a workspace is paused.

    A version is never replaced by a lower one: neither by a read that was under way while the change was published, nor
    by a replica that lags.
    """

    def __init__(self, limit: int, trust: Trust, short_host: str, paused_page: Callable[[int], bytes]) -> None:
        self._limit = limit
        self._trust = trust
        self._host = short_host
        self._paused_page = paused_page
        self.entries: dict[str, CachedRoute] = {}
        # Link key → until when it counts as unknown, and the epoch in which that was learned.
        self._unknown: dict[str, tuple[float, int]] = {}
        # Recent changes, cached or not; and changes to link keys being read.
        self._recent: dict[str, CachedRoute] = {}
        self._read: dict[str, list[CachedRoute]] = {}

    def prepare(self, link_key: str, route: Route, epoch: int) -> CachedRoute:
        """Prepare a route. Raises ValueError when it cannot be answered."""
        decision = decide(route, self._paused_page(route.workspace))
        return CachedRoute(
            version=route.version,
            epoch=epoch,
            outcome=decision.outcome,
            headers=() if decision.response is None else decision.response.headers,
            event=piece(route.birth, route.workspace, self._host, keys.slug_of(link_key)),
            code=route.birth.to_bytes(8, "big"),
            workspace=route.workspace.to_bytes(8, "big"),
            plain=decision.response is not None,
            policy=decision.policy,
        )

    def trusted(self, link_key: str) -> CachedRoute | None:
        """The route if this epoch has confirmed it. The caller checks `until`."""
        cached = self.entries.get(link_key)
        return cached if cached is not None and cached.epoch == self._trust.epoch else None

    def is_unknown(self, link_key: str, now: float) -> bool:
        until, epoch = self._unknown.get(link_key, (0.0, 0))
        return now < until and now < self._trust.until and epoch == self._trust.epoch

    def was_unknown(self, link_key: str) -> bool:
        """Whether Redis had no such route when last asked."""
        return link_key in self._unknown

    def change(self, link_key: str, cached: CachedRoute) -> None:
        """Apply a published change. A route that is not cached is not added: many new codes must not evict those that
        are scanned."""
        forget_oldest(self._recent, RECENT)
        self._newest(self._recent, link_key, cached)
        if link_key in self._read:
            self._read[link_key].append(cached)
        if link_key in self.entries:
            self._newest(self.entries, link_key, cached)
        elif self._unknown.pop(link_key, None) is not None:
            self._put(link_key, cached)

    def begin(self, link_key: str) -> None:
        """Call before asking Redis for `link_key`; `settle` or `abandon` ends it. One at a time per link key."""
        self._read[link_key] = []

    def abandon(self, link_key: str) -> None:
        self._read.pop(link_key, None)

    def settle(self, link_key: str, found: CachedRoute | None, asked_at: float, epoch: int) -> CachedRoute | None:
        """Apply a reply (None: no such key, which counts as older than any version, because deleted codes leave a
        tombstone). Keeps and returns the newest known route of the link key. `asked_at` and `epoch` are from before the
        question."""
        during = self._read.pop(link_key, [])
        cached = self.entries.get(link_key)
        candidates = (found, self._recent.get(link_key), cached, *during)
        newest = max((e for e in candidates if e is not None), key=lambda e: e.version, default=None)
        if newest is None:
            forget_oldest(self._unknown, self._limit)
            self._unknown[link_key] = (asked_at + UNKNOWN_FOR_S, epoch)
        elif newest is not cached:
            self._put(link_key, newest)
        return newest

    def paused_pages_moved(self) -> None:
        """Lead paused codes to the page that is now their workspace's. Takes some milliseconds."""
        kept = [*self.entries.values(), *self._recent.values(), *(one for read in self._read.values() for one in read)]
        for cached in kept:
            if cached.outcome == "paused":
                page = self._paused_page(int.from_bytes(cached.workspace, "big"))
                cached.headers = redirect_to(page, "paused").headers

    def drop(self, link_key: str) -> None:
        """Drop a route whose published change cannot be read: the version before it must not be served."""
        self.entries.pop(link_key, None)
        self._recent.pop(link_key, None)
        self._unknown.pop(link_key, None)

    def distrust(self) -> None:
        """Messages may have been missed: check every route with Redis before trusting it again."""
        self._trust.epoch += 1

    def _put(self, link_key: str, cached: CachedRoute) -> None:
        if link_key not in self.entries:
            forget_oldest(self.entries, self._limit)
        self._unknown.pop(link_key, None)
        self.entries[link_key] = cached

    @staticmethod
    def _newest(entries: dict[str, CachedRoute], link_key: str, cached: CachedRoute) -> None:
        known = entries.get(link_key)
        if known is None or known.version <= cached.version:
            entries[link_key] = cached
