"""What a redirector needs to know of one host and slug, and how a change of it is made known."""

from typing import Literal

import msgspec


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """Derived from a code and written in the same transaction. `version` only grows for one key,
    through deletion and re-use too; a deleted or given-up slug stays as a tombstone (`gone`),
    which remembers whose it was."""

    version: int
    number: int
    workspace: int
    destination: str = ""
    status: Literal["active", "paused"] = "active"
    gone: bool = False


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
