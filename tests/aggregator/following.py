"""A reader of the feed, as tests follow it."""

from clickhouse_connect.driver.client import Client

from analytics import feed, feed_position
from analytics.feed_position import Position

START = Position(0, 0, {})
# Tests have clocks of their own.
NOW_MS = 0


class Follower:
    """Reads on from where it is, at most `limit` scans at a time."""

    def __init__(self, limit: int = 1000) -> None:
        self.read: list[tuple[int, int]] = []
        self._limit = limit
        self._position = START

    def catch_up(self, client: Client) -> None:
        """Reads everything that is there; each position is written down and read again."""
        while True:
            chunk = feed.after(client, self._position, self._limit, now_ms=NOW_MS)
            self.read += [(scan.source, scan.seq) for scan in chunk.scans]
            self._position = feed_position.decode(feed_position.encode(chunk.end))
            if not chunk.more:
                return

    def problems(self, expected: dict[int, int]) -> list[str]:
        """`expected`: each source with its last seq."""
        wanted = {(source, seq) for source, last in expected.items() for seq in range(1, last + 1)}
        found = set(self.read)
        told = [f"read {len(self.read) - len(found)} again"] if len(found) != len(self.read) else []
        if found != wanted:
            told.append(f"{len(wanted - found)} missing, {len(found - wanted)} too many")
        return told


def problems(client: Client, expected: dict[int, int]) -> list[str]:
    """Of one who reads everything from the beginning."""
    reader = Follower()
    reader.catch_up(client)
    return reader.problems(expected)
