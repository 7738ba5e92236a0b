"""A workspace's own short host, as `codes` keeps it and a redirector reads it."""

import msgspec

from schemas.branding import Branding


class Domain(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is as the network knows it: lower case, punycode, no last dot. Until it is verified (`verified_at_ms`)
    it is only a claim, which several workspaces may have; verified, it is one's alone, for as long as it is proven:
    when its proof was missing for too long (`unproven_since_ms`), it lapses, and is a claim again. `token` is what its
    TXT record must hold. What its bare host and unknown links lead to is an address, or else a text shown in place."""

    id: str
    number: int
    workspace: int
    name: str
    token: str
    created_at_ms: int
    verified_at_ms: int | None = None
    unproven_since_ms: int | None = None
    lapsed_at_ms: int | None = None
    root_url: str = ""
    root_text: str = ""
    not_found_url: str = ""
    not_found_text: str = ""
    # Overrides that of the workspace, field by field.
    branding: Branding | None = None


_decoder = msgspec.json.Decoder(Domain)


def decode_domain(raw: bytes) -> Domain:
    return _decoder.decode(raw)
