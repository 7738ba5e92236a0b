"""Import links as codes, each once, however often the import runs.

A code's id follows from its workspace, host and slug, so an import that was killed is simply run again: existing codes
are recognized. What the API would refuse is refused here in the same words.
"""

import asyncio
import hashlib
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal

import msgspec

from codes import slugs
from codes.aliases import MAX_ALIASES
from codes.code_fields import NewCode
from codes.errors import Conflict, NotInPlan, Refused, SlugTaken
from codes.importing.types import Entry, Link, NotImported
from codes.service import Codes
from codes.validation import MAX_LABEL, MAX_TAG, MAX_TAGS
from codes.variants import MAX_RULES, MAX_VARIANTS
from schemas.code import Code
from schemas.imported import ImportedHistory

# Concurrent creations: each waits for redirectors and lookups.
AT_ONCE = 16

Result = Literal["made", "there", "would be made", "skipped"]

# A further slug that is not imported.
ALIAS = "further slugs"
_ENTRY_OF_LIST = re.compile(r"(rules|variants)(?:\[(\d+)\].*)?")


class Outcome(msgspec.Struct, frozen=True):
    """The result of one entry. `reason`: why it was skipped; `left_out`: what of it was not imported."""

    entry: int
    outcome: Result
    slug: str = ""
    aliases: tuple[str, ...] = ()
    destination: str = ""
    id: str = ""
    reason: str = ""
    left_out: tuple[NotImported, ...] = ()


class ImportOptions(msgspec.Struct, frozen=True):
    """`onto`: the custom domain of the new codes ("" for the short host). `only`: links of other domains are skipped;
    without it all domains of the export are merged. `service`: whose export it is. `on_history` is called with the past
    scans of each code, also of one that an earlier run made. `folder_id`: of the new codes."""

    workspace: int
    onto: str = ""
    only: str = ""
    dry_run: bool = False
    service: str = ""
    on_history: Callable[[ImportedHistory], object] | None = None
    folder_id: str | None = None


async def import_links(
    codes: Codes,
    entries: Iterable[Entry],
    options: ImportOptions,
    on_outcome: Callable[[Outcome], object],
) -> Counter[str]:
    """Import all entries; call `on_outcome` for each, in order. Return the count of each outcome. Raises Unavailable
    when Redis is away: run it again."""
    counts: Counter[str] = Counter()
    async for outcome in outcomes(codes, entries, options):
        counts[outcome.outcome] += 1
        on_outcome(outcome)
    return counts


async def outcomes(codes: Codes, entries: Iterable[Entry], options: ImportOptions) -> AsyncIterator[Outcome]:
    """Import entry by entry; yield what came of each, in order. Raises as `import_links` does."""
    taken: dict[str, int] = {}
    for few in _chunks(entries):
        for outcome in await asyncio.gather(*(_one(codes, entry, options, taken) for entry in few)):
            yield outcome


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    left = iter(entries)
    while few := list(islice(left, AT_ONCE)):
        yield few


def _one(codes: Codes, entry: Entry, options: ImportOptions, taken: dict[str, int]) -> Awaitable[Outcome]:
    """Decide what depends on the order of entries before anything is awaited."""
    printed = list(dict.fromkeys(key.slug for key in entry.keys))
    skipped = Outcome(entry.number, "skipped", printed[0] if printed else "", tuple(printed[1:]))
    if isinstance(entry.found, str):
        return _immediately(msgspec.structs.replace(skipped, reason=entry.found))
    skipped = msgspec.structs.replace(skipped, destination=entry.found.destination)
    here = [key for key in entry.keys if not options.only or key.host.lower() == options.only.lower()]
    if not here:
        reason = f"it is on {entry.keys[0].host or 'no domain'}, not on {options.only}"
        return _immediately(msgspec.structs.replace(skipped, reason=reason))
    lost = [NotImported(ALIAS, f"{key} (not on {options.only})") for key in entry.keys if key not in here]
    free = []
    for slug in dict.fromkeys(key.slug for key in here):
        first = taken.setdefault(slug, entry.number)
        if first == entry.number:
            free.append(slug)
        else:
            lost.append(NotImported(ALIAS, f"{slug} (entry {first} has it)"))
    if not free:
        return _immediately(msgspec.structs.replace(skipped, reason=f"entry {first} has the same slug"))
    link = trim_link(entry.found)
    return _make(codes, skipped, msgspec.structs.replace(link, left_out=(*link.left_out, *lost)), free, options)


async def _immediately(outcome: Outcome) -> Outcome:
    return outcome


async def _make(codes: Codes, skipped: Outcome, link: Link, printed: list[str], options: ImportOptions) -> Outcome:
    done = msgspec.structs.replace(skipped, left_out=link.left_out)
    free, lost, made = await _free(codes, printed, options)
    if made is not None:
        _remember(made, link, options)
        return _existing(done, made, printed)
    if not free:
        return msgspec.structs.replace(skipped, reason=f"slug: {next(iter(lost.values()))}")
    lost |= dict.fromkeys(free[1 + MAX_ALIASES :], f"a code has at most {MAX_ALIASES} aliases")
    left_out = [*link.left_out, *(NotImported(ALIAS, f"{slug} ({why})") for slug, why in lost.items())]
    new = new_code(link, free[: 1 + MAX_ALIASES], options)
    try:
        new, code = await _create_fitting(codes, new, left_out, options)
    except (Refused, Conflict) as error:
        return msgspec.structs.replace(skipped, reason=f"{error.field}: {error.message}")
    except NotInPlan as error:
        return msgspec.structs.replace(skipped, reason=error.message)
    assert new.id is not None
    if code is not None:
        _remember(code, link, options)
    return msgspec.structs.replace(
        done,
        outcome="would be made" if options.dry_run else "made",
        slug=new.slug or "",
        aliases=new.aliases,
        id="" if options.dry_run else new.id,
        left_out=tuple(left_out),
    )


def _remember(code: Code, link: Link, options: ImportOptions) -> None:
    if link.history and options.on_history is not None and not options.dry_run:
        options.on_history(ImportedHistory(options.workspace, code.birth, options.service, link.history))


def _existing(done: Outcome, code: Code, printed: list[str]) -> Outcome:
    """Report a code of an earlier run. It does not get slugs that it could not have then."""
    has = (code.slug, *code.aliases)
    lost = (NotImported(ALIAS, f"{one} (the code does not have it)") for one in printed if one not in has)
    return msgspec.structs.replace(
        done, outcome="there", id=code.id, slug=code.slug, aliases=code.aliases, left_out=(*done.left_out, *lost)
    )


async def _free(
    codes: Codes, printed: list[str], options: ImportOptions
) -> tuple[list[str], dict[str, str], Code | None]:
    """Return the slugs that the code can have, why it cannot have the others, and the code of an earlier run, if its
    first possible slug has one. (A code of a later slug belongs to another entry.)"""
    workspace, onto = options.workspace, options.onto
    free: list[str] = []
    lost: dict[str, str] = {}
    for slug in printed:
        try:
            slugs.check_imported(slug)
        except (Refused, Conflict) as error:
            lost[slug] = error.message
            continue
        made = await codes.get(workspace, id_of(workspace, onto, slug))
        if made is not None and not free:
            return free, lost, made
        # A run that was killed may have written the code and not its index yet: its slugs are free for itself.
        id = id_of(workspace, onto, (*free, slug)[0])
        # (Alone it is claimed or refused when the code is made.)
        if (options.dry_run or len(printed) > 1) and not await codes.is_free(workspace, onto, slug, id=id):
            lost[slug] = SlugTaken("slug", slug).message
        else:
            free.append(slug)
    return free, lost, None


async def _create_fitting(
    codes: Codes, new: NewCode, left_out: list[NotImported], options: ImportOptions
) -> tuple[NewCode, Code | None]:
    """Create the code without optional parts that are refused: they are no reason to let a printed link die. Return
    what was asked for, and the code unless this is a dry run. Raises what `Codes.create` does for required parts."""
    while True:
        try:
            if options.dry_run:
                await codes.check(options.workspace, new)
                return new, None
            return new, await codes.create(options.workspace, new)
        except (Refused, NotInPlan) as error:
            less = drop_field(new, error.field or "")
            if less is None:
                raise
            new, lost = less
            left_out.append(
                NotImported(lost.what, f"{lost.detail} ({error.message})" if lost.detail else error.message)
            )
        except SlugTaken as error:
            # A concurrent creation was faster.
            free = [slug for slug in (new.slug or "", *new.aliases) if slug != error.slug]
            if not free or len(free) > len(new.aliases):
                raise
            new = with_slugs(new, free, options)
            left_out.append(NotImported(ALIAS, f"{error.slug} ({error.message})"))


def with_slugs(new: NewCode, free: list[str], options: ImportOptions) -> NewCode:
    """Set slug, aliases and id; the id follows from the slug, which is the first."""
    id = id_of(options.workspace, options.onto, free[0])
    return msgspec.structs.replace(new, id=id, slug=free[0], aliases=tuple(free[1:]))


def drop_field(new: NewCode, field: str) -> tuple[NewCode, NotImported] | None:
    """Return the code without this field, and what was dropped; None if a link needs the field."""
    if found := _ENTRY_OF_LIST.fullmatch(field):
        name, at = found[1], found[2]
        entries: tuple[Any, ...] = getattr(new, name)
        gone = entries if at is None else entries[int(at) : int(at) + 1]
        if not gone:
            return None
        kept = () if at is None else (*entries[: int(at)], *entries[int(at) + 1 :])
        return msgspec.structs.replace(new, **{name: kept}), NotImported(name, ", ".join(one.url for one in gone))
    part, _, name = field.partition(".")
    match part:
        case "apps" if new.apps is not None and name in ("ios", "android"):
            app = getattr(new.apps, name)
            left = msgspec.structs.replace(new.apps, **{name: ""})
            apps = left if left.ios or left.android else None
            return msgspec.structs.replace(new, apps=apps), NotImported("links into apps", app)
        case "utm" if new.utm:
            return msgspec.structs.replace(new, utm={}), NotImported("campaign parameters")
        case "expired_destination" if new.expired_destination is not None:
            lost = NotImported("where it leads after its end", new.expired_destination)
            return msgspec.structs.replace(new, expired_destination=None), lost
        case "label" if new.label is not None:
            return msgspec.structs.replace(new, label=None), NotImported("label")
        case "tags" if new.tags:
            return msgspec.structs.replace(new, tags=()), NotImported("some of its tags")
    return None


def trim_link(link: Link) -> Link:
    """Return the link without what exceeds the bounds of a code."""
    tags = tuple(dict.fromkeys(tag.lower() for tag in link.tags if len(tag) <= MAX_TAG))[:MAX_TAGS]
    lost = [
        *([NotImported("some of its tags")] if len(tags) < len({tag.lower() for tag in link.tags}) else []),
        *([NotImported("the end of its label")] if len(link.label or "") > MAX_LABEL else []),
        *(NotImported("rules", rule.to) for rule in link.rules[MAX_RULES:]),
        *(NotImported("variants", variant.url) for variant in link.variants[MAX_VARIANTS:]),
    ]
    return msgspec.structs.replace(
        link,
        tags=tags,
        label=link.label and link.label[:MAX_LABEL],
        rules=link.rules[:MAX_RULES],
        variants=link.variants[:MAX_VARIANTS],
        left_out=(*link.left_out, *lost),
    )


def new_code(link: Link, free: list[str], options: ImportOptions) -> NewCode:
    new = NewCode(
        destination=link.destination,
        keep_slug=True,
        host=options.onto,
        folder_id=options.folder_id,
        label=link.label,
        tags=link.tags,
        status="paused" if link.paused else "active",
        starts_at_ms=link.starts_at_ms,
        expires_at_ms=link.expires_at_ms,
        expired_destination=link.expired_destination,
        scan_limit=link.scan_limit,
        password=link.password,
        query=link.query,
        variants=link.variants,
        rules=link.rules,
        utm=link.utm,
        apps=link.apps,
        created_by="import",
        one_of_many=True,
    )
    return with_slugs(new, free, options)


def id_of(workspace: int, host: str, slug: str) -> str:
    digest = hashlib.blake2b(f"{workspace}\0{host}\0{slug}".encode(), digest_size=16, person=b"waymark-import").digest()
    return str(uuid.UUID(bytes=digest, version=4))
