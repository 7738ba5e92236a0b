"""Parse the URLs of the engines from the settings. They are read nowhere else.

The clients' own readers guess: one takes `https` for clear text on an unusual port, others take options that switch the
look at certificates off. Here each scheme means one thing, and what is not known is refused. Every function raises
ValueError; its text says what the address looks like and never repeats what was given, which may hold a password.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import msgspec

REDIS = (
    "redis://:password@host:6379/0, rediss:// for TLS, redis+sentinel://:password@host:26379,host:26379/name/0, "
    "redis+cluster://:password@host:6379,host:6379, or unix:///path/to/redis.sock"
)
CLICKHOUSE = "http://user:password@host:8123/database, or https:// (port 8443) for TLS"
KAFKA = "host:port,host:port"

# Scheme → whether it is TLS, and whom it asks for the primary.
_REDIS: Mapping[str, tuple[bool, Literal["", "sentinel", "cluster"]]] = {
    "redis": (False, ""),
    "rediss": (True, ""),
    "redis+sentinel": (False, "sentinel"),
    "rediss+sentinel": (True, "sentinel"),
    "redis+cluster": (False, "cluster"),
    "rediss+cluster": (True, "cluster"),
}
_HOSTS = re.compile(r"([a-z+]+://(?:[^/?#]*@)?)([^@/?#]*)(.*)", re.DOTALL)
_HOST = re.compile(r"(?!-)[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")


class RedisUrl(msgspec.Struct, frozen=True):
    """`path` is that of a unix socket; where it is empty, `host` and `port` say where. With `asks` they are those of
    the first of `seeds`, which say where the primary is now (`infra.redis_primary`)."""

    path: str = ""
    host: str = ""
    port: int = 6379
    secure: bool = False
    user: str | None = None
    password: str | None = None
    db: int = 0
    # A file of certificates to trust, instead of the system's; a client certificate and its key.
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    # Sentinels, or nodes of a cluster. `service` is the name under which Sentinels watch the primary, and the other two
    # are for the Sentinels themselves.
    asks: Literal["", "sentinel", "cluster"] = ""
    seeds: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_user: str | None = None
    sentinel_password: str | None = None

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        if not self.asks:
            return self.path or f"{self.host}:{self.port}"
        hosts = ", ".join(f"{host}:{port}" for host, port in self.seeds)
        return f"{self.service} of Sentinels {hosts}" if self.asks == "sentinel" else f"cluster of {hosts}"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """For connections to any of these. Raises OSError for a file that cannot be read."""
        if not self.secure:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


class ClickHouseUrl(msgspec.Struct, frozen=True):
    secure: bool
    host: str
    port: int
    user: str | None
    password: str
    database: str | None
    # A file of certificates to believe, instead of the system's.
    ca: str | None = None


def redis(text: str) -> RedisUrl:
    first, *others = _each_host(text)
    parts = _split(first, ("unix", *_REDIS), REDIS)
    secure, asks = _REDIS.get(parts.scheme, (False, ""))
    hosts = [parts, *(_split(one, tuple(_REDIS), REDIS) for one in others)]
    if others and not asks:
        raise ValueError(f"has more than one host, which only Sentinels and clusters have; it is {REDIS}")
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    files = {name: options.pop(name, None) for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")}
    of_sentinel = [options.pop(name, None) for name in ("sentinel_username", "sentinel_password")]
    db = options.pop("db", "")
    if options:
        known = ", ".join(("db", *files, "sentinel_username", "sentinel_password"))
        raise ValueError(f"knows no option {', '.join(sorted(options))}, only {known}")
    path = unquote(parts.path)
    service = ""
    if asks == "sentinel":
        service, _, path = path.strip("/").partition("/")
        if not service:
            raise ValueError(f"names no primary to ask the Sentinels for; it is {REDIS}")
    if parts.scheme != "unix":
        db, path = path.strip("/") or db, ""
    if not (db or "0").isascii() or not (db or "0").isdigit():
        raise ValueError(f"has a database that is no number; it is {REDIS}")
    if asks == "cluster" and int(db or 0):
        raise ValueError("has a database; a cluster has only 0")
    if parts.scheme == "unix" and not path.startswith("/"):
        raise ValueError("has no path of a socket; it is unix:///path/to/redis.sock")
    if set(files.values()) != {None} and not secure:
        given = ", ".join(name for name, value in files.items() if value is not None)
        raise ValueError(f"has {given} without TLS; TLS is rediss://, rediss+sentinel:// or rediss+cluster://")
    if files["ssl_keyfile"] and not files["ssl_certfile"]:
        raise ValueError("has ssl_keyfile without ssl_certfile; a key is of a certificate")
    if of_sentinel != [None, None] and asks != "sentinel":
        raise ValueError("has a login of Sentinels without any; they are redis+sentinel://")
    port = 26379 if asks == "sentinel" else 6379
    seeds = () if path else tuple((_host(one, REDIS), one.port or port) for one in hosts)
    return RedisUrl(
        path=path,
        host=seeds[0][0] if seeds else "",
        port=seeds[0][1] if seeds else port,
        secure=secure,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        db=int(db or 0),
        ca=files["ssl_ca_certs"],
        certificate=files["ssl_certfile"],
        key=files["ssl_keyfile"],
        asks=asks,
        seeds=seeds if asks else (),
        service=service,
        sentinel_user=of_sentinel[0],
        sentinel_password=of_sentinel[1],
    )


def redis_readable(text: str) -> None:
    """As `redis`, and raises ValueError when a file of certificates cannot be used."""
    at = redis(text)
    try:
        _ = at.tls
    except OSError as error:
        raise ValueError(
            f"has a certificate or key that cannot be used: {error.strerror or error}; it takes PEM files"
        ) from None


def _each_host(text: str) -> list[str]:
    """The address once for each of its hosts."""
    found = _HOSTS.fullmatch(text)
    if found is None:
        return [text]
    before, hosts, after = found.groups()
    return [f"{before}{host}{after}" for host in hosts.split(",")]


def clickhouse(text: str) -> ClickHouseUrl:
    parts = _split(text, ("http", "https"), CLICKHOUSE)
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    ca = options.pop("ca_cert", None)
    if options:
        raise ValueError(f"knows no option {', '.join(sorted(options))}, only ca_cert; it is {CLICKHOUSE}")
    database = unquote(parts.path.strip("/"))
    if "/" in database:
        raise ValueError(f"has a path of more than a database; it is {CLICKHOUSE}")
    secure = parts.scheme == "https"
    if ca is not None and not secure:
        raise ValueError("has ca_cert without TLS; TLS is https://")
    password = unquote(parts.password or "")
    user = unquote(parts.username) if parts.username else "default" if password else None
    host = _host(parts, CLICKHOUSE)
    return ClickHouseUrl(secure, host, parts.port or (8443 if secure else 8123), user, password, database or None, ca)


def brokers(text: str) -> tuple[str, ...]:
    """`host:port` for each, without spaces around."""
    if "://" in text:
        raise ValueError(f"has a scheme; it is {KAFKA}")
    found = tuple(part.strip() for part in text.split(","))
    for broker in found:
        parts = _split(f"kafka://{broker}", ("kafka",), KAFKA)
        if _host(parts, KAFKA) and parts.port is None:
            raise ValueError(f"has a broker without a port; it is {KAFKA}")
        if parts.path or parts.query or parts.username is not None:
            raise ValueError(f"has more than hosts and ports; it is {KAFKA}")
    return found


def _split(text: str, schemes: tuple[str, ...], form: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(
            f"cannot be read (are special characters of the password percent-encoded?); it is {form}"
        ) from None
    if text != text.strip() or any(ord(letter) <= 32 for letter in text):
        raise ValueError(f"has spaces in it; it is {form}")
    if parts.scheme not in schemes:
        known = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"does not begin with {known}; it is {form}")
    if parts.fragment or port == 0:
        raise ValueError(f"cannot be read (are special characters of the password percent-encoded?); it is {form}")
    return parts


def _host(parts: SplitResult, form: str) -> str:
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise ValueError(f"has no host; it is {form}")
    return parts.hostname
