"""The route of one host and slug, as redirectors use it, and the message that announces its change."""

from typing import Literal

import msgspec

from schemas.scan_options import Apps, Content, Query, Rule, Sticky, Variant


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """Derived from a code and written in the same transaction. `version` only grows for one key,
    through deletion and re-use too; a deleted or given-up slug stays as a tombstone (`gone`),
    which remembers whose it was."""

    version: int
    # Of the code: what its scans are counted under.
    birth: int
    workspace: int
    destination: str = ""
    status: Literal["active", "paused"] = "active"
    gone: bool = False
    starts_at_ms: int | None = None
    expires_at_ms: int | None = None
    expired_destination: str = ""
    scan_limit: int | None = None
    # An argon2 hash.
    password: str = ""
    query: Query = "drop"
    # The active ones alone.
    variants: tuple[Variant, ...] = ()
    rules: tuple[Rule, ...] = ()
    sticky: Sticky = "visitor"
    apps: Apps | None = None
    # Parameters that a destination gets unless it has them: utm_source, ...
    utm: dict[str, str] = {}
    content: Content | None = None


class RouteChange(msgspec.Struct, frozen=True):
    """The message on `schemas.keys.ROUTES`. Whoever has taken it in pushes its name to the list
    `schemas.keys.ack(nonce)`."""

    key: str
    route: Route
    nonce: str


_route = msgspec.json.Decoder(Route)
_change = msgspec.json.Decoder(RouteChange)


def decode_route(raw: bytes) -> Route:
    return _route.decode(raw)


def decode_change(raw: bytes) -> RouteChange:
    return _change.decode(raw)
