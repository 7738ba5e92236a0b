"""A code as `codes` keeps it in Redis and exports it."""

from typing import Any, Literal

import msgspec

from schemas.scan_options import Apps, Former, Query, Rule, Sticky, Variant


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """An editable link. `id`, `number` and `birth` are for ever; everything else may change.

    `number` orders lists and is Agency's id. `birth` is random and made with the code: scans, erasures and all else
    that is counted belong to it, so that nothing is ever mixed up with a code that a failover or a restored Redis
    has lost, whatever its number, id or slug."""

    id: str
    number: int
    birth: int
    workspace: int
    slug: str
    destination: str
    created_at_ms: int
    updated_at_ms: int
    created_by: str = ""
    host: str = ""
    # Further slugs in the same domain.
    aliases: tuple[str, ...] = ()
    label: str | None = None
    status: Literal["active", "paused"] = "active"
    tags: tuple[str, ...] = ()
    folder_id: str | None = None
    style: dict[str, Any] | None = None
    destination_changes: int = 0
    # Other changes of where a scan may lead: rules, variants, what follows when it has ended, links of apps.
    other_changes: int = 0
    # `website` codes redirect; any other type shows a page made of `content`.
    type: str = "website"
    content: dict[str, Any] | None = None
    page_design: dict[str, Any] | None = None
    starts_at_ms: int | None = None
    expires_at_ms: int | None = None
    expired_destination: str | None = None
    scan_limit: int | None = None
    # An argon2 hash.
    password: str | None = None
    locked: bool = False
    query: Query = "drop"
    variants: tuple[Variant, ...] = ()
    rules: tuple[Rule, ...] = ()
    # What a code without variants was given for its destination where that was written as a list of one (Qravio):
    # id, letter, weight and label. Where it leads is `destination`.
    sole: Variant | None = None
    # Entries that are no longer among them, last removed first, so that one that comes back is the same and
    # its scans keep their name; how many letters were ever given, so that none is given twice; and how many of them
    # before the set that is there now, which reads from `a` on (`codes.variants.key_in_set`).
    former: tuple[Former, ...] = ()
    letters: int = 0
    letters_before: int = 0
    sticky: Sticky = "visitor"
    apps: Apps | None = None
    utm: dict[str, str] = {}
    # Qravio's way to say how the code looks, as it was sent; `style` is what is drawn.
    design: dict[str, Any] | None = None
    # The format in which ExaRoutes answers the code's picture; "" for its default.
    image_format: Literal["png", "svg", ""] = ""


class StaticCode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A symbol that holds its content itself (Qravio): it has no slug, and nobody sees its scans. Its number is drawn
    from those of codes, so all can be listed in one order."""

    id: str
    number: int
    workspace: int
    name: str
    type: str
    content: dict[str, Any]
    created_at_ms: int
    updated_at_ms: int
    created_by: str = ""
    status: Literal["active", "paused"] = "active"
    folder_id: str | None = None
    design: dict[str, Any] | None = None
    page_design: dict[str, Any] | None = None


class Workspace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose codes and keys these are."""

    number: int
    id: str
    name: str
    plan: str
    created_at_ms: int
    # What app links may begin with besides https.
    app_schemes: tuple[str, ...] = ()
    # Whether the totals of its codes include what other services counted before (schemas.imported).
    counts_imported: bool = False


class Folder(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where codes are filed, by its id."""

    id: str
    workspace: int
    name: str
    created_at_ms: int


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """A saved question: a name, and the query as it was sent."""

    id: str
    workspace: int
    name: str
    query: dict[str, Any]
    created_at_ms: int
    updated_at_ms: int


class SavedStyle(msgspec.Struct, frozen=True, omit_defaults=True):
    """A style of pictures that is kept under a name."""

    id: str
    workspace: int
    name: str
    style: dict[str, Any]
    created_at_ms: int
    updated_at_ms: int


class SharedView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A link to the scans of one code, or to the answer of one report. Its token is kept only as a digest."""

    id: str
    workspace: int
    name: str
    digest: str
    # One of the two.
    code_id: str | None
    report_id: str | None
    # Id of the key that made it.
    created_by: str
    created_at_ms: int
    # An argon2 hash.
    password: str | None = None
    expires_at_ms: int | None = None
    # Whether pages of other sites may frame it.
    embeddable: bool = False
    opened_at_ms: int | None = None


class ApiKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key as it is kept: its secret only as a digest, under which it is found."""

    id: str
    workspace: int
    name: str
    scope: Literal["read", "write", "admin"]
    digest: str
    last_four: str
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A deleted code whose rows must leave the warehouse. Kept, so that late events leave too."""

    birth: int
    id: str
    workspace: int
    deleted_at_ms: int
    # Rows stay until then (QR Code Agency keeps them 13 months); None: erase at once.
    keep_until_ms: int | None = None


class DeletedCode(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a deleted code for as long as its rows are: enough to find them by its slug, and to name them.
    `rules` are the letters that belonged to rules."""

    number: int
    birth: int
    workspace: int
    slug: str
    keep_until_ms: int
    label: str | None = None
    variants: tuple[Variant, ...] = ()
    rules: tuple[str, ...] = ()
    former: tuple[Former, ...] = ()
    letters_before: int = 0
