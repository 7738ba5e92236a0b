"""The routes a redirector knows, newest version only, and which of them it may trust without asking."""

import msgspec

from redirect.bounded_cache import forget_oldest
from redirect.decisions import ScanPolicy, decide
from redirect.event_line import piece
from schemas import keys
from schemas.event import Outcome
from schemas.route import Route

_KEY_START, _, _KEY_END = keys.route("\n").partition("\n")
RECENT = 10_000
UNKNOWN_FOR_S = 1.0


def link_key_of(key: str) -> str | None:
    """Host and slug (`schemas.keys.link_key`) of a route's key; None when it is no route's."""
    if key.startswith(_KEY_START) and key.endswith(_KEY_END):
        return key[len(_KEY_START) : -len(_KEY_END)]
    return None


class CachedRoute(msgspec.Struct, gc=False):
    """A route, made ready to be answered. `epoch` is that of `Trust` when Redis last confirmed it;
    `event` the part of a journal line that is the same for all its scans; `code` its birth's bytes.
    When `plain`, every scan ends with `headers` and a 302; else `policy` says what each is asked, and
    without a policy nothing is there."""

    version: int
    epoch: int
    outcome: Outcome
    headers: tuple[tuple[bytes, bytes], ...]
    event: bytes
    code: bytes
    plain: bool
    policy: ScanPolicy | None


class Trust:
    """Until when the cache may be believed without asking, on the clock of `redirect.clock.elapsed`.

    A route is trusted when it is of this `epoch` (messages have arrived without a gap since it was
    confirmed) and `until` is still to come (they do so now).
    """

    __slots__ = ("epoch", "heard_at", "until")

    def __init__(self) -> None:
        self.epoch = 0
        self.until = 0.0
        # When Redis last answered anything at all.
        self.heard_at = float("-inf")


class RouteCache:
    """The bounded cache. Reading never refreshes a route; only Redis, by message or by reply, does.

    A version is never replaced by a lower one, wherever it comes from: not by a read that was on its
    way while the change was published, nor by a replica that lags behind.
    """

    def __init__(self, limit: int, trust: Trust, short_host: str, paused_page: bytes) -> None:
        self._limit = limit
        self._trust = trust
        self._host = short_host
        self._paused_page = paused_page
        self.entries: dict[str, CachedRoute] = {}
        # Link key → until when it is known to be unknown, and in which epoch that was learned.
        self._unknown: dict[str, tuple[float, int]] = {}
        # What was published of late, cached or not; and what was published for a link key being read.
        self._recent: dict[str, CachedRoute] = {}
        self._read: dict[str, list[CachedRoute]] = {}

    def prepare(self, link_key: str, route: Route, epoch: int) -> CachedRoute:
        """Raises ValueError when the route cannot be answered with."""
        decision = decide(route, self._paused_page)
        return CachedRoute(
            version=route.version,
            epoch=epoch,
            outcome=decision.outcome,
            headers=() if decision.response is None else decision.response.headers,
            event=piece(route.birth, route.workspace, self._host, keys.slug_of(link_key)),
            code=route.birth.to_bytes(8, "big"),
            plain=decision.response is not None,
            policy=decision.policy,
        )

    def trusted(self, link_key: str) -> CachedRoute | None:
        """What has been confirmed since messages arrive without a gap; that they do so now is not looked at."""
        cached = self.entries.get(link_key)
        return cached if cached is not None and cached.epoch == self._trust.epoch else None

    def is_unknown(self, link_key: str, now: float) -> bool:
        until, epoch = self._unknown.get(link_key, (0.0, 0))
        return now < until and now < self._trust.until and epoch == self._trust.epoch

    def was_unknown(self, link_key: str) -> bool:
        """Whether nothing was there when Redis was last asked."""
        return link_key in self._unknown

    def change(self, link_key: str, cached: CachedRoute) -> None:
        """Takes in a published change. What is not cached is not put in: many new codes must not
        drive out those that are scanned."""
        forget_oldest(self._recent, RECENT)
        self._newest(self._recent, link_key, cached)
        if link_key in self._read:
            self._read[link_key].append(cached)
        if link_key in self.entries:
            self._newest(self.entries, link_key, cached)
        elif self._unknown.pop(link_key, None) is not None:
            self._put(link_key, cached)

    def begin(self, link_key: str) -> None:
        """Call before Redis is asked for `link_key`; `settle` or `abandon` ends it. One at a time for a link key."""
        self._read[link_key] = []

    def abandon(self, link_key: str) -> None:
        self._read.pop(link_key, None)

    def settle(self, link_key: str, found: CachedRoute | None, asked_at: float, epoch: int) -> CachedRoute | None:
        """Takes in a reply (None: no such key; it counts as older than any version, since what is
        deleted leaves a tombstone). Keeps and returns the newest of all that is known about the link key.
        `asked_at` and `epoch` are of before the question."""
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

    def drop(self, link_key: str) -> None:
        """Of a change that cannot be answered with, at least the route before it must not be."""
        self.entries.pop(link_key, None)
        self._recent.pop(link_key, None)
        self._unknown.pop(link_key, None)

    def distrust(self) -> None:
        """Messages may have been missed: everything is asked for again before it is believed."""
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
