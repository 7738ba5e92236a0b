"""What can be set: one frozen struct, built from the environment and the command's flags.

A field's `Meta` holds its variable and what it means; that is the only place where a setting is
declared, and a test holds docs/settings.md to it. A flag wins over the environment, and an empty
variable counts as not set. Each service's own settings (redirect.settings, ingest.ship, ...) are made
from this one in waymark.services.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from waymark import setting_checks
from waymark.errors import UserError
from waymark.setting_values import converted, declared


class BadSetting(UserError):
    """A setting that cannot be used; the message names its variable and says why."""


def _is(env: str, description: str, **limits: Any) -> Meta:
    return Meta(description=description, extra={"env": env}, **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    data: Annotated[Path, _is("WAYMARK_DATA", "The folder that holds everything: codes, journals, scans.")] = Path(
        "data"
    )
    host: Annotated[
        str, _is("WAYMARK_HOST", "The address to listen at; `0.0.0.0` for every network of this machine.")
    ] = "localhost"
    api_port: Annotated[int, _is("WAYMARK_API_PORT", "The port of the API.", ge=1, le=65535)] = 8000
    redirect_port: Annotated[int, _is("WAYMARK_REDIRECT_PORT", "The port of the redirectors.", ge=1, le=65535)] = 8001
    status_port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        _is(
            "WAYMARK_STATUS_PORT",
            "Where operators ask each service for `/healthz`, `/readyz` and `/metrics`, and Caddy for `/-/tls-ask`. "
            "Default: 8002, or the next that is free.",
        ),
    ] = None
    status_host: Annotated[
        str,
        _is(
            "WAYMARK_STATUS_HOST",
            "The address to listen at for that; it is nobody's business outside, so not that of `WAYMARK_HOST`.",
        ),
    ] = "localhost"
    workers: Annotated[
        int, _is("WAYMARK_WORKERS", "How many redirector processes `waymark up` runs.", ge=1, le=256)
    ] = 1
    short_url: Annotated[
        str | None,
        _is(
            "WAYMARK_SHORT_URL",
            "The base of short links, as printed. Default: `http://localhost:` and the redirect port.",
        ),
    ] = None
    api_url: Annotated[
        str | None,
        _is(
            "WAYMARK_API_URL",
            "The base of the API as its clients see it. Default: `http://localhost:` and the API port.",
        ),
    ] = None
    cors_origins: Annotated[
        str | None,
        _is("WAYMARK_CORS_ORIGINS", "Origins whose pages may call the API in a browser, with commas between; or `*`."),
    ] = None
    bootstrap_key: Annotated[
        str | None,
        _is(
            "WAYMARK_BOOTSTRAP_KEY",
            "An API key to make, with all rights in the workspace `default`, when it does not exist: 32 characters or "
            "more.",
        ),
    ] = None
    key: Annotated[str | None, _is("WAYMARK_KEY", "The API key that `waymark mcp` uses.")] = None
    default_plan: Annotated[
        str, _is("WAYMARK_DEFAULT_PLAN", "The plan of workspaces that are made: a preset, or one of `WAYMARK_PLANS`.")
    ] = "unlimited"
    plans: Annotated[
        Path | None, _is("WAYMARK_PLANS", "A TOML file with plans of your own, beside the presets (docs/plans.md).")
    ] = None
    redis_url: Annotated[
        str | None,
        _is(
            "WAYMARK_REDIS_URL",
            "A Redis of yours (append-only, `noeviction`) instead of the one that `waymark up` starts.",
        ),
    ] = None
    redis_server: Annotated[
        str,
        _is(
            "WAYMARK_REDIS_SERVER",
            "The Redis that `waymark up` starts: the `bundled` one, `path` (the newest `redis-server` or "
            "`valkey-server` on PATH), or the path of a program.",
        ),
    ] = "bundled"
    redis_replica_url: Annotated[
        str | None,
        _is("WAYMARK_REDIS_REPLICA_URL", "A replica of that Redis, for redirectors to read from and subscribe to."),
    ] = None
    redis_fsync: Annotated[
        Literal["always", "everysec"],
        _is(
            "WAYMARK_REDIS_FSYNC",
            "The `appendfsync` that a Redis of yours must have. With `everysec` a power cut may take the codes and "
            "edits of the last second or two, though they were answered.",
        ),
    ] = "always"
    salt_redis_url: Annotated[
        str | None,
        _is(
            "WAYMARK_SALT_REDIS_URL",
            "A Redis that keeps nothing on disk (`appendonly no`, `save` empty), through which redirectors of several "
            "machines share the day's visitor salt.",
        ),
    ] = None
    kafka_bootstrap: Annotated[
        str | None,
        _is("WAYMARK_KAFKA_BOOTSTRAP", "Kafka brokers (`host:port,host:port`) on the way of a scan to the warehouse."),
    ] = None
    kafka_topic: Annotated[str, _is("WAYMARK_KAFKA_TOPIC", "The topic of scans.", min_length=1)] = "waymark-scans"
    kafka_group: Annotated[
        str,
        _is("WAYMARK_KAFKA_GROUP", "The consumer group of the aggregators. One warehouse, one group.", min_length=1),
    ] = "waymark-aggregator"
    clickhouse_url: Annotated[
        str | None,
        _is(
            "WAYMARK_CLICKHOUSE_URL",
            "A ClickHouse server (26.2 or newer), `http://user:password@host:8123/database`, instead of chDB.",
        ),
    ] = None
    warehouse_free: Annotated[
        int,
        _is(
            "WAYMARK_WAREHOUSE_FREE",
            "What stays free on the warehouse's disk (`512MiB`, `2GiB`, or bytes; `0`: nothing); below, scans wait in "
            "the journals or in Kafka until there is room.",
            ge=0,
        ),
    ] = 512 << 20
    journal: Annotated[
        Path | None,
        _is("WAYMARK_JOURNAL", "Where redirectors write scans. Default: `journal` in the data folder."),
    ] = None
    journal_max: Annotated[
        int,
        _is(
            "WAYMARK_JOURNAL_MAX",
            "What the journals of this machine may take (`2GiB`, `500MiB`, or bytes); beyond, redirects go on, "
            "and scans are refused and counted as such.",
            ge=1 << 20,
        ),
    ] = 2 << 30
    shipped_keep: Annotated[
        int,
        _is("WAYMARK_SHIPPED_KEEP", "How long to keep what Kafka has, to ship it again (`5m`, or seconds).", ge=0),
    ] = 300
    stale_max: Annotated[
        int,
        _is(
            "WAYMARK_STALE_MAX",
            "How long cached codes go on redirecting while Redis is away (`24h`, `90m`, or seconds).",
            ge=0,
        ),
    ] = 86400
    silent_after: Annotated[
        int,
        _is(
            "WAYMARK_SILENT_AFTER",
            "How long nothing may be heard of a redirector whose scans are not all stored, before `waymark audit` is no"
            " longer clean (`1h`, or seconds).",
            ge=1,
        ),
    ] = 3600
    cache_routes: Annotated[
        int, _is("WAYMARK_CACHE_ROUTES", "How many routes each redirector keeps in memory.", ge=1)
    ] = 100_000
    unknown_per_second: Annotated[
        float,
        _is(
            "WAYMARK_UNKNOWN_PER_SECOND",
            "How many visits of slugs that do not exist each redirector records in a second, at most.",
            ge=0,
        ),
    ] = 50.0
    distinct_values: Annotated[
        int,
        _is(
            "WAYMARK_DISTINCT_VALUES",
            "How many different values (referrers, campaigns, ...) each redirector records of a code in a UTC day, for "
            "each dimension; what comes after is recorded as `(other)`.",
            ge=1,
            le=65535,
        ),
    ] = 1_000
    gate_pass: Annotated[
        int,
        _is(
            "WAYMARK_GATE_PASS",
            "For how long a cookie remembers that somebody gave a code's password (`1h`, or seconds).",
            ge=1,
        ),
    ] = 3600
    sticky: Annotated[
        int,
        _is(
            "WAYMARK_STICKY",
            "For how long a cookie keeps a visitor with a variant, where a code asks for that (`30d`, or seconds).",
            ge=1,
        ),
    ] = 30 * 86400
    unknown_hosts: Annotated[
        Literal["default", "404"],
        _is(
            "WAYMARK_UNKNOWN_HOSTS",
            "Hosts that are neither the short one nor a verified domain: taken for the short one (`default`), or "
            "answered with `404`.",
        ),
    ] = "default"
    domain_target: Annotated[
        str | None,
        _is(
            "WAYMARK_DOMAIN_TARGET",
            "The host that custom domains must point at with a CNAME. Default: that of `WAYMARK_SHORT_URL`.",
        ),
    ] = None
    domain_check: Annotated[
        int,
        _is(
            "WAYMARK_DOMAIN_CHECK",
            "How often the DNS is asked whether a verified domain is still proven (`1d`, or seconds); 0: never again.",
            ge=0,
        ),
    ] = 86400
    domain_grace: Annotated[
        int,
        _is(
            "WAYMARK_DOMAIN_GRACE",
            "For how long a domain is served whose proof is gone (`7d`, or seconds).",
            ge=0,
        ),
    ] = 7 * 86400
    dns_servers: Annotated[
        str | None,
        _is(
            "WAYMARK_DNS_SERVERS",
            "Name servers to ask whether a custom domain is set up, `address:port` with commas between. Default: the "
            "system's.",
        ),
    ] = None
    trusted_proxies: Annotated[
        str,
        _is(
            "WAYMARK_TRUSTED_PROXIES",
            "Proxies whose forwarded addresses and edge headers count: addresses or networks, with commas between; "
            "`cloudflare` stands for its published networks.",
        ),
    ] = "127.0.0.0/8,::1"
    edge: Annotated[
        str,
        _is(
            "WAYMARK_EDGE",
            "Whose headers say where a visitor is: `none`, `cloudflare`, `cloudfront`, `fastly`, `vercel`, or names "
            "of your own (docs/proxies.md).",
        ),
    ] = "none"
    drain: Annotated[
        int,
        _is(
            "WAYMARK_DRAIN",
            "How long a redirector that is told to stop says so at `/readyz` and goes on serving (`10s`, or seconds): "
            "longer than a balancer in front takes to notice.",
            ge=0,
            le=3600,
        ),
    ] = 1
    reuse_port: Annotated[
        bool,
        _is(
            "WAYMARK_REUSE_PORT",
            "`true` lets other processes of the same user listen at the ports of the redirectors and the API, too "
            "(`SO_REUSEPORT`).",
        ),
    ] = False
    connections: Annotated[
        int,
        _is(
            "WAYMARK_CONNECTIONS",
            "How many connections each redirector and the API have at a time, at most; fewer where the process has few "
            "descriptors.",
            ge=1,
        ),
    ] = 10_000
    connections_of_address: Annotated[
        int,
        _is(
            "WAYMARK_CONNECTIONS_OF_ADDRESS",
            "How many of them one address has (of IPv6, a network of 64 bits), unless it is a trusted proxy.",
            ge=1,
        ),
    ] = 256
    geo_database: Annotated[
        Path | None,
        _is(
            "WAYMARK_GEO_DATABASE",
            "A database in MaxMind's format (`.mmdb`) for visitors whom no edge places, or `none`. Default: the "
            "countries that come along, or what `waymark geo` has taken (docs/countries.md).",
        ),
    ] = None
    files: Annotated[
        Path | None,
        _is("WAYMARK_FILES", "Where uploaded files are kept. Default: `files` in the data folder."),
    ] = None
    files_bucket: Annotated[
        str | None,
        _is(
            "WAYMARK_FILES_BUCKET",
            "An S3-compatible bucket for uploaded files instead of the folder, "
            "`https://ACCESS:SECRET@host/bucket?region=eu-central-1`.",
        ),
    ] = None
    fonts: Annotated[
        Path | None,
        _is("WAYMARK_FONTS", "Folder of extra fonts for captions in scripts that the bundled font does not cover."),
    ] = None
    log_format: Annotated[
        Literal["text", "json"], _is("WAYMARK_LOG_FORMAT", "How log lines are written to standard error.")
    ] = "text"

    @property
    def journal_folder(self) -> Path:
        return self.journal or self.data / "journal"

    @property
    def files_folder(self) -> Path:
        return self.files or self.data / "files"

    @property
    def short_base(self) -> str:
        return (self.short_url or f"http://localhost:{self.redirect_port}").rstrip("/")

    @property
    def api_base(self) -> str:
        return (self.api_url or f"http://localhost:{self.api_port}").rstrip("/")


SETTINGS = declared(Settings)


def read(environ: Mapping[str, str], **flags: Any) -> Settings:
    """Flags that are None were not given. The folders come out absolute. Raises BadSetting, with a line for each
    setting that cannot be used."""
    values: dict[str, Any] = {}
    bad: list[str] = []
    for setting in SETTINGS:
        given = flags.get(setting.field)
        if given is None:
            given = environ.get(setting.env) or None
        if given is None:
            continue
        try:
            value = converted(Settings, setting.field, given)
        except ValueError as error:
            bad.append(f"{setting.env}={given!r} cannot be used: {error}")
            continue
        if isinstance(value, Path) and str(value) != setting_checks.WORDS.get(setting.field):
            value = value.expanduser().absolute()
        why = setting_checks.wrong(setting.field, value)
        if why is None:
            values[setting.field] = value
        else:
            bad.append(f"{setting.env} cannot be used: {why}")
    settings = Settings(**values)
    bad += [f"{name} cannot be used: {why}" for name, why in setting_checks.wrong_together(settings)]
    if bad:
        raise BadSetting("\n".join(bad))
    return msgspec.structs.replace(settings, data=settings.data.absolute())


def unknown(environ: Mapping[str, str]) -> list[str]:
    """A line for each variable that looks like a setting and is none, with the nearest one's name."""
    return list(setting_checks.unknown(environ, [setting.env for setting in SETTINGS]))


def environment(settings: Settings) -> dict[str, str]:
    """The same settings as variables, for a child process: the data folder, and whatever is not its default."""
    return {
        setting.env: str(value)
        for setting in SETTINGS
        if (value := getattr(settings, setting.field)) is not None
        and (setting.field == "data" or value != setting.default)
    }
