"""Parse the URLs of the engines from the settings. They are read nowhere else.

The clients' own readers guess: one takes `https` for clear text on an unusual port, others take options that switch the
look at certificates off. Here each scheme means one thing, and what is not known is refused. Every function raises
ValueError; its text says what the address looks like and never repeats what was given, which may hold a password.
"""

import re
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import msgspec

REDIS = "redis://:password@host:6379/0, rediss:// for TLS, or unix:///path/to/redis.sock"
CLICKHOUSE = "http://user:password@host:8123/database, or https:// (port 8443) for TLS"
KAFKA = "host:port,host:port"

_HOST = re.compile(r"(?!-)[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")


class RedisUrl(msgspec.Struct, frozen=True):
    """`path` is that of a unix socket; where it is empty, `host` and `port` say where."""

    path: str = ""
    host: str = ""
    port: int = 6379
    secure: bool = False
    user: str | None = None
    password: str | None = None
    db: int = 0
    # A file of certificates to believe, instead of the system's.
    ca: str | None = None


class ClickHouseUrl(msgspec.Struct, frozen=True):
    secure: bool
    host: str
    port: int
    user: str | None
    password: str
    database: str | None


def redis(text: str) -> RedisUrl:
    parts = _split(text, ("redis", "rediss", "unix"), REDIS)
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    db, ca = options.pop("db", ""), options.pop("ssl_ca_certs", None)
    if options:
        raise ValueError(f"knows no option {', '.join(sorted(options))}, only db and ssl_ca_certs")
    path = unquote(parts.path)
    if parts.scheme != "unix":
        db, path = path.strip("/") or db, ""
    if not (db or "0").isascii() or not (db or "0").isdigit():
        raise ValueError(f"has a database that is no number; it is {REDIS}")
    if parts.scheme == "unix" and not path.startswith("/"):
        raise ValueError("has no path of a socket; it is unix:///path/to/redis.sock")
    if ca is not None and parts.scheme != "rediss":
        raise ValueError("has ssl_ca_certs without TLS; TLS is rediss://")
    return RedisUrl(
        path=path,
        host="" if path else _host(parts, REDIS),
        port=parts.port or 6379,
        secure=parts.scheme == "rediss",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        db=int(db or 0),
        ca=ca,
    )


def clickhouse(text: str) -> ClickHouseUrl:
    parts = _split(text, ("http", "https"), CLICKHOUSE)
    if parts.query:
        raise ValueError(f"takes no options after a question mark; it is {CLICKHOUSE}")
    database = unquote(parts.path.strip("/"))
    if "/" in database:
        raise ValueError(f"has a path of more than a database; it is {CLICKHOUSE}")
    secure = parts.scheme == "https"
    password = unquote(parts.password or "")
    user = unquote(parts.username) if parts.username else "default" if password else None
    host = _host(parts, CLICKHOUSE)
    return ClickHouseUrl(secure, host, parts.port or (8443 if secure else 8123), user, password, database or None)


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
