"""What can be set about a redirector. `waymark` fills it in from the environment."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

LOOPBACK = ("127.0.0.0/8", "::1/128")


class RedirectSettings(msgspec.Struct, frozen=True, kw_only=True):
    redis_url: str
    # Where to read and subscribe instead, if not there: one replica of it.
    redis_replica_url: str = ""
    # Where the day's salt comes from: a socket that a supervisor answers at, or a Redis that keeps nothing on disk,
    # which goes first; with neither, this process has a salt of its own.
    salts_descriptor: int | None = None
    salt_redis_url: str = ""
    # The base of short links, without a slash at its end.
    short_url: str = "http://localhost:8001"
    journal: Path = Path("journal")
    journal_max_bytes: int = 2 << 30
    # For how long what is cached may be served while Redis is away.
    stale_max_s: float = 86_400
    cache_routes: int = 100_000
    # Peers whose word on the scanner's address and place is taken: addresses, networks, or `cloudflare` for its own.
    trusted_proxies: tuple[str, ...] = LOOPBACK
    # none, cloudflare, cloudfront, fastly, vercel, or named headers: "country=X-Country,city=X-City".
    edge: str = "none"
    # Where an address is: the countries that come along, the path of a MaxMind-format database, or "" for nowhere.
    geo_database: str = "registries"
    # Hosts that are neither the short one nor a verified domain: taken for the short one, or 404.
    unknown_hosts: Literal["default", "404"] = "default"
    # Scans of unknown slugs written to the journal, at most so many a second for each process.
    unknown_per_s: float = 50
    # Of what a scanner writes (referrer, campaign, ...) for each code, UTC day and dimension; the rest is `(other)`.
    distinct_values: int = 1_000
    # Where uploaded files are: a folder, or a bucket (`infra.s3`), which goes first.
    files: Path = Path("files")
    files_bucket: str = ""
    # For how long a scanner who gave a code's password is not asked again.
    gate_pass_s: int = 3600
    # For how long a cookie keeps a visitor with a variant, where a code asks for that.
    sticky_s: int = 30 * 86_400
    # Connections at a time, in all (fewer where descriptors are few), and of an address that is no trusted proxy.
    connections: int = 10_000
    connections_of_address: int = 256
    # For how long it goes on serving once it is told to stop, and says so at /readyz.
    drain_s: float = 0
    # A label on all metrics, for one of several processes that answer at one port.
    worker: str = ""

    @property
    def short_host(self) -> str:
        """What an event says as its host: never what a request says."""
        return urlsplit(self.short_url).netloc.lower()
