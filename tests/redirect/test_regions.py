"""A redirector beside a replica in another region: edits are seen everywhere, limits stay exact, a cut is survived."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec
import pytest

from harness.link import Link
from harness.redis_servers import RedisNode, redis_node
from redirect import clock
from redirect.preload import HotRoutes
from redirect.redis_client import RedisClient
from schemas import keys
from tests.redirect.scanner import Publisher, Redirector, redirector, until

# One way.
DELAY_S = 0.02


class Regions:
    """`home` is beside the primary, `away` beside a replica behind a slow line."""

    def __init__(self, primary: RedisNode, replica: RedisNode, link: Link, home: Redirector, away: Redirector) -> None:
        self.primary, self.replica, self.link = primary, replica, link
        self.home, self.away = home, away
        self.publisher = Publisher(f"unix://{primary.socket}")

    @property
    def urls(self) -> tuple[str, str]:
        """Of the primary and the replica, as seen from away."""
        return f"redis://127.0.0.1:{self.link.port}", f"unix://{self.replica.socket}"


@pytest.fixture(scope="module")
def regions() -> Iterator[Regions]:
    with tempfile.TemporaryDirectory(prefix="wm-") as name:
        folder = Path(name)
        with redis_node(folder / "a") as primary, redis_node(folder / "b") as replica:
            link = Link(primary.port)
            try:
                replica.follow_port(link.port)
                link.delay_s = DELAY_S
                (folder / "home").mkdir()
                (folder / "away").mkdir()
                at, beside = f"redis://127.0.0.1:{link.port}", f"unix://{replica.socket}"
                with (
                    redirector(folder / "home", f"unix://{primary.socket}") as home,
                    redirector(folder / "away", at, redis_replica_url=beside) as away,
                ):
                    until(lambda: home.trusted() and away.trusted(), "trust")
                    yield Regions(primary, replica, link, home, away)
            finally:
                link.lose()


def test_an_edit_is_seen_by_the_next_scan_in_both(regions: Regions) -> None:
    took = []
    for n in range(20):
        took.append(regions.publisher.edit("seen", f"https://example.com/{n}"))
        assert regions.away.get("/seen").location == f"https://example.com/{n}"
        assert regions.home.get("/seen").location == f"https://example.com/{n}"
    assert median(took) < 0.9, "answered by acknowledgements, not by waiting"


def test_a_scan_limit_is_exact_over_both(regions: Regions) -> None:
    regions.publisher.edit("few", "https://example.com/few", birth=77, scan_limit=5)
    answers = [one.get("/few").status for _ in range(5) for one in (regions.home, regions.away)]
    assert answers.count(302) == 5


def test_what_was_scanned_lately_is_in_memory_at_the_start(regions: Regions, tmp_path: Path) -> None:
    slugs = [f"hot{n}" for n in range(5)]
    for slug in slugs:
        regions.publisher.edit(slug, f"https://example.com/{slug}")
        for _ in range(3):
            assert regions.away.get(f"/{slug}").status == 302
    regions.primary.call("SET", keys.HOT_LINKS, msgspec.json.encode(["/gone", "/seen"]).decode())

    async def listed() -> None:
        redis = RedisClient(f"unix://{regions.primary.socket}", clock.elapsed)
        (journal,) = (path.parent for path in regions.away.journal.rglob("*.log"))
        hot = HotRoutes(8, None, redis, redis, lambda: journal, regions.away.settings.short_host)  # type: ignore[arg-type]
        hot.look()
        await hot.write()
        await redis.close()

    asyncio.run(listed())
    found = msgspec.json.decode(regions.primary.call("GET", keys.HOT_LINKS))
    # Its own first, then those of others, and not more than it may.
    assert {f"/{slug}" for slug in slugs} < set(found)
    assert "/gone" in found[5:]
    assert len(found) <= 8
    regions.primary.wait_for(regions.replica)
    at, beside = regions.urls
    with redirector(tmp_path, at, redis_replica_url=beside, preload=100) as fresh:
        assert fresh.metric("waymark_redirect_cached_routes") >= 5
        # (Until it trusts what it has, each scan asks.)
        until(fresh.trusted, "trust")
        before = fresh.metric("waymark_redirect_lookups_total")
        assert all(fresh.get(f"/{slug}").status == 302 for slug in slugs)
        assert fresh.metric("waymark_redirect_lookups_total") == before


def test_a_region_that_is_cut_off_serves_what_it_has(regions: Regions) -> None:
    regions.publisher.edit("cut", "https://example.com/before")
    assert regions.away.get("/cut").location == "https://example.com/before"
    regions.publisher.edit("left", "https://example.com/left", birth=78, scan_limit=3)
    assert regions.away.get("/left").status == 302
    regions.link.cut()
    try:
        # The edit is answered after a second at most, when the region has stopped trusting its memory.
        regions.publisher.edit("cut", "https://example.com/after")
        assert regions.home.get("/cut").location == "https://example.com/after"
        assert not regions.away.trusted()
        assert regions.away.get("/cut").location == "https://example.com/before"
        assert regions.away.get("/never-seen").status == 503
        # A limit stays exact: it is the primary's to count, and home goes on.
        assert regions.away.get("/left").status == 503
        assert regions.home.get("/left").status == 302
    finally:
        regions.link.mend()
    until(lambda: regions.away.get("/cut").location == "https://example.com/after", "the line")
    until(regions.away.trusted, "trust")
    assert [regions.away.get("/left").status for _ in range(3)].count(302) <= 1
    regions.publisher.edit("cut", "https://example.com/again")
    assert regions.away.get("/cut").location == "https://example.com/again"
