"""Settings of a redirector. `waymark` fills them in from the environment."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

LOOPBACK = ("127.0.0.0/8", "::1/128")


class RedirectSettings(msgspec.Struct, frozen=True, kw_only=True):
    redis_url: str
    # A replica to read from and subscribe to instead.
    redis_replica_url: str = ""
    # Source of the day's salt: a socket on which a supervisor answers, or a Redis without persistence, which takes
    # precedence; with neither, this process makes its own salt.
    salts_descriptor: int | None = None
    salt_redis_url: str = ""
    # The base of short links, without a trailing slash.
    short_url: str = "http://localhost:8001"
    journal: Path = Path("journal")
    journal_max_bytes: int = 2 << 30
    # Tell Redis once a second how many scans were given out. Not needed where an aggregator reads the journals.
    heartbeat: bool = True
    # How long cached routes are served while Redis is away.
    stale_max_s: float = 86_400
    cache_routes: int = 100_000
    # How many hot routes are read at the start (`redirect.preload`).
    preload: int = 0
    # Peers trusted for the scanner's address and location: addresses, networks, or `cloudflare` for Cloudflare's.
    trusted_proxies: tuple[str, ...] = LOOPBACK
    # none, cloudflare, cloudfront, fastly, vercel, or named headers: "country=X-Country,city=X-City".
    edge: str = "none"
    # The geo database: the bundled countries, the path of a MaxMind-format file, or "" for none.
    geo_database: str = "registries"
    # Hosts that are neither the short host nor a verified domain: treat them as the short host, or answer 404.
    unknown_hosts: Literal["default", "404"] = "default"
    # Scans of unknown slugs recorded per second and process, at most.
    unknown_per_s: float = 50
    # Distinct values of what scanners write (referrer, campaign, ...) per code, UTC day and dimension; the rest is
    # `(other)`.
    distinct_values: int = 1_000
    # Uploaded files: a folder, or a bucket (`infra.s3`), which takes precedence.
    files: Path = Path("files")
    files_bucket: str = ""
    # How long a scanner who gave a code's password is not asked again.
    gate_pass_s: int = 3600
    # How long a cookie keeps a visitor at a variant, for codes that ask for it.
    sticky_s: int = 30 * 86_400
    # Concurrent connections, in all (fewer if descriptors are few), and per address that is no trusted proxy.
    connections: int = 10_000
    connections_of_address: int = 256
    # How long it keeps serving, with 503 at /readyz, once told to stop.
    drain_s: float = 0
    # A label on all metrics, for one of several processes behind one port.
    worker: str = ""

    @property
    def short_host(self) -> str:
        """The host that events name; never taken from a request."""
        return urlsplit(self.short_url).netloc.lower()
