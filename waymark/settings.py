"""All settings, as one frozen struct built from the environment and the command's flags.

A field's `Meta` holds its variable and description. A setting is declared nowhere else, and a test checks
docs/settings.md against it. A flag overrides its variable; an empty variable counts as unset. `waymark.wiring` derives
each room's own settings from this struct.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from waymark import setting_checks
from waymark.errors import UserError
from waymark.redis_settings import RedisSettings
from waymark.setting_values import converted, declared
from waymark.setting_values import described as _is


class BadSetting(UserError):
    """An invalid setting; the message names its variable and says why."""


class Settings(RedisSettings, frozen=True, kw_only=True):
    data: Annotated[Path, _is("WAYMARK_DATA", "The data folder: codes, journals and scans.")] = Path("data")
    host: Annotated[str, _is("WAYMARK_HOST", "The address to listen on; `0.0.0.0` for all interfaces.")] = "localhost"
    api_port: Annotated[int, _is("WAYMARK_API_PORT", "The port of the API.", ge=1, le=65535)] = 8000
    redirect_port: Annotated[int, _is("WAYMARK_REDIRECT_PORT", "The port of the redirectors.", ge=1, le=65535)] = 8001
    status_port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        _is(
            "WAYMARK_STATUS_PORT",
            "The port of `/healthz`, `/readyz` and `/metrics` of each service, and of `/-/tls-ask` for Caddy. "
            "Default: 8002, or the next free port.",
        ),
    ] = None
    status_host: Annotated[
        str,
        _is(
            "WAYMARK_STATUS_HOST",
            "The address of the status port. It is for operators only, so it does not follow `WAYMARK_HOST`.",
        ),
    ] = "localhost"
    workers: Annotated[
        int, _is("WAYMARK_WORKERS", "How many redirector processes `waymark up` runs.", ge=1, le=256)
    ] = 1
    short_url: Annotated[
        str | None,
        _is(
            "WAYMARK_SHORT_URL",
            "The base URL of short links, as printed. Default: `http://localhost:` and the redirect port.",
        ),
    ] = None
    api_url: Annotated[
        str | None,
        _is(
            "WAYMARK_API_URL",
            "The base URL of the API as its clients see it. Default: `http://localhost:` and the API port.",
        ),
    ] = None
    cors_origins: Annotated[
        str | None,
        _is("WAYMARK_CORS_ORIGINS", "Comma-separated origins whose pages may call the API in a browser; or `*`."),
    ] = None
    bootstrap_key: Annotated[
        str | None,
        _is(
            "WAYMARK_BOOTSTRAP_KEY",
            "An API key of 32 characters or more, created at the start with all rights in the workspace `default` "
            "unless it exists.",
        ),
    ] = None
    key: Annotated[str | None, _is("WAYMARK_KEY", "The API key that `waymark mcp` uses.")] = None
    default_plan: Annotated[
        str, _is("WAYMARK_DEFAULT_PLAN", "The plan of new workspaces: a preset, or one of `WAYMARK_PLANS`.")
    ] = "unlimited"
    plans: Annotated[
        Path | None,
        _is("WAYMARK_PLANS", "A TOML file with your own plans, in addition to the presets (docs/plans.md)."),
    ] = None
    clickhouse_url: Annotated[
        str | None,
        _is(
            "WAYMARK_CLICKHOUSE_URL",
            "A ClickHouse server (26.2 or newer), `http://user:password@host:8123/database`, instead of chDB.",
        ),
    ] = None
    clickhouse_cluster: Annotated[
        str | None,
        _is(
            "WAYMARK_CLICKHOUSE_CLUSTER",
            "The cluster over which the tables are spread, as `remote_servers` of the server names it: replicated "
            "tables on each shard, Distributed ones on top. Choose it before the tables are made.",
        ),
    ] = None
    clickhouse_quorum: Annotated[
        str,
        _is(
            "WAYMARK_CLICKHOUSE_QUORUM",
            "How many replicas of a shard must have an insert before it counts: `auto` (most of them) or a number. "
            "With `1`, the loss of a replica can lose scans, or store some twice.",
        ),
    ] = "auto"
    warehouse_free: Annotated[
        int,
        _is(
            "WAYMARK_WAREHOUSE_FREE",
            "Space to keep free on the warehouse's disk (`512MiB`, `2GiB`, or bytes; `0`: none). With less, scans "
            "wait in the journals or in Kafka.",
            ge=0,
        ),
    ] = 512 << 20
    journal: Annotated[
        Path | None,
        _is("WAYMARK_JOURNAL", "The folder in which redirectors write scans. Default: `journal` in the data folder."),
    ] = None
    journal_max: Annotated[
        int,
        _is(
            "WAYMARK_JOURNAL_MAX",
            "Maximum size of this machine's journals (`2GiB`, `500MiB`, or bytes). When they are full, redirects go "
            "on, and scans are refused and counted as refused.",
            ge=1 << 20,
        ),
    ] = 2 << 30
    shipped_keep: Annotated[
        int,
        _is(
            "WAYMARK_SHIPPED_KEEP",
            "How long to keep journals that Kafka has acknowledged, so that they can be shipped again (`5m`, or "
            "seconds).",
            ge=0,
        ),
    ] = 300
    stale_max: Annotated[
        int,
        _is(
            "WAYMARK_STALE_MAX",
            "How long cached codes keep redirecting while Redis is down (`24h`, `90m`, or seconds).",
            ge=0,
        ),
    ] = 86400
    silent_after: Annotated[
        int,
        _is(
            "WAYMARK_SILENT_AFTER",
            "How long a redirector with unstored scans may be silent before `waymark audit` reports it (`1h`, or "
            "seconds).",
            ge=1,
        ),
    ] = 3600
    cache_routes: Annotated[
        int, _is("WAYMARK_CACHE_ROUTES", "Maximum number of routes that each redirector caches.", ge=1)
    ] = 100_000
    preload: Annotated[
        int,
        _is(
            "WAYMARK_PRELOAD",
            "How many of the routes that were scanned most lately a redirector reads when it starts, before it "
            "listens (docs/regions.md). `0`: none.",
            ge=0,
            le=10_000,
        ),
    ] = 0
    unknown_per_second: Annotated[
        float,
        _is("WAYMARK_UNKNOWN_PER_SECOND", "Maximum recorded scans of unknown slugs, per redirector and second.", ge=0),
    ] = 50.0
    distinct_values: Annotated[
        int,
        _is(
            "WAYMARK_DISTINCT_VALUES",
            "Maximum distinct values (referrers, campaigns, ...) that each redirector records per code, dimension "
            "and UTC day; later ones are recorded as `(other)`.",
            ge=1,
            le=65535,
        ),
    ] = 1_000
    gate_pass: Annotated[
        int,
        _is(
            "WAYMARK_GATE_PASS",
            "How long a cookie remembers that a visitor entered a code's password (`1h`, or seconds).",
            ge=1,
        ),
    ] = 3600
    sticky: Annotated[
        int,
        _is(
            "WAYMARK_STICKY",
            "How long a cookie ties a visitor to a variant, for codes with `sticky` set to `cookie` (`30d`, or "
            "seconds).",
            ge=1,
        ),
    ] = 30 * 86400
    unknown_hosts: Annotated[
        Literal["default", "404"],
        _is(
            "WAYMARK_UNKNOWN_HOSTS",
            "What to do with hosts that are neither the short host nor a verified domain: treat them as the short "
            "host (`default`), or answer `404`.",
        ),
    ] = "default"
    domain_target: Annotated[
        str | None,
        _is(
            "WAYMARK_DOMAIN_TARGET",
            "The host that the CNAME of a custom domain must point to. Default: the host of `WAYMARK_SHORT_URL`.",
        ),
    ] = None
    domain_check: Annotated[
        int,
        _is(
            "WAYMARK_DOMAIN_CHECK",
            "How often to check the DNS proof of a verified domain again (`1d`, or seconds; `0`: never).",
            ge=0,
        ),
    ] = 86400
    domain_grace: Annotated[
        int,
        _is("WAYMARK_DOMAIN_GRACE", "How long a domain is served without its DNS proof (`7d`, or seconds).", ge=0),
    ] = 7 * 86400
    dns_servers: Annotated[
        str | None,
        _is(
            "WAYMARK_DNS_SERVERS",
            "Comma-separated name servers (`address:port`) that verify custom domains. Default: those of the system.",
        ),
    ] = None
    trusted_proxies: Annotated[
        str,
        _is(
            "WAYMARK_TRUSTED_PROXIES",
            "Comma-separated addresses or networks of proxies whose forwarded addresses and edge headers are "
            "trusted; `cloudflare` stands for its published networks.",
        ),
    ] = "127.0.0.0/8,::1"
    edge: Annotated[
        str,
        _is(
            "WAYMARK_EDGE",
            "The edge whose headers give a visitor's location: `none`, `cloudflare`, `cloudfront`, `fastly`, "
            "`vercel`, or your own header names (docs/proxies.md).",
        ),
    ] = "none"
    drain: Annotated[
        int,
        _is(
            "WAYMARK_DRAIN",
            "How long a stopping redirector reports itself unready at `/readyz` and keeps serving (`10s`, or "
            "seconds). Set it longer than your load balancer takes to notice.",
            ge=0,
            le=3600,
        ),
    ] = 1
    reuse_port: Annotated[
        bool,
        _is(
            "WAYMARK_REUSE_PORT",
            "`true` lets other processes of the same user bind the ports of the redirectors and the API too "
            "(`SO_REUSEPORT`).",
        ),
    ] = False
    connections: Annotated[
        int,
        _is(
            "WAYMARK_CONNECTIONS",
            "Maximum simultaneous connections of each redirector and of the API; lower if the process has few file "
            "descriptors.",
            ge=1,
        ),
    ] = 10_000
    connections_of_address: Annotated[
        int,
        _is(
            "WAYMARK_CONNECTIONS_OF_ADDRESS",
            "Maximum simultaneous connections from one address (IPv6: one /64 network), trusted proxies excepted.",
            ge=1,
        ),
    ] = 256
    streams: Annotated[int, _is("WAYMARK_STREAMS", "Maximum open streams of each API process.", ge=0)] = 2_000
    geo_database: Annotated[
        Path | None,
        _is(
            "WAYMARK_GEO_DATABASE",
            "A geolocation database in MaxMind's format (`.mmdb`), used when no edge gives a location, or `none`. "
            "Default: the one that `waymark geo --take` installed, else the bundled database of countries "
            "(docs/countries.md).",
        ),
    ] = None
    files: Annotated[
        Path | None,
        _is("WAYMARK_FILES", "The folder of uploaded files. Default: `files` in the data folder."),
    ] = None
    files_bucket: Annotated[
        str | None,
        _is(
            "WAYMARK_FILES_BUCKET",
            "An S3-compatible bucket for uploaded files, instead of the folder: "
            "`https://ACCESS:SECRET@host/bucket?region=eu-central-1`.",
        ),
    ] = None
    exports: Annotated[
        Path | None,
        _is("WAYMARK_EXPORTS", "The folder that scheduled exports are written to. Unset: there are none."),
    ] = None
    exports_bucket: Annotated[
        str | None,
        _is("WAYMARK_EXPORTS_BUCKET", "A bucket for scheduled exports, not the folder; as `WAYMARK_FILES_BUCKET`."),
    ] = None
    fonts: Annotated[
        Path | None,
        _is("WAYMARK_FONTS", "Folder of extra fonts for captions in scripts that the bundled font does not cover."),
    ] = None
    log_format: Annotated[
        Literal["text", "json"], _is("WAYMARK_LOG_FORMAT", "The format of log lines, which go to standard error.")
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
    """The settings, with absolute folders; a flag that is None is unset. Raises BadSetting, with a line for each
    invalid setting."""
    values: dict[str, Any] = {}
    bad: list[str] = []
    for setting in SETTINGS:
        written = flags.get(setting.field)
        if written is None:
            written = environ.get(setting.env) or None
        if written is None:
            continue
        try:
            value = converted(Settings, setting.field, written)
        except ValueError as error:
            bad.append(f"{setting.env}={written!r} cannot be used: {error}")
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
    """A warning for each variable that looks like a setting and is none, with the most similar name."""
    return list(setting_checks.unknown(environ, [setting.env for setting in SETTINGS]))


def environment(settings: Settings) -> dict[str, str]:
    """The same settings as variables for a child process: the data folder, and all that differ from their default."""
    return {
        setting.env: str(value)
        for setting in SETTINGS
        if (value := getattr(settings, setting.field)) is not None
        and (setting.field == "data" or value != setting.default)
    }
