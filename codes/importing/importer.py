"""Making codes of links, each once, however often it is tried.

A code's id follows from its workspace, host and slug. So an import that was killed is simply run again: what is there
is seen to be there. Everything a person could do wrong through the API is refused here in the same words.
"""

import asyncio
import hashlib
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import Literal

import msgspec

from codes.errors import Conflict, Missing, NotInPlan, Refused
from codes.fields import MAX_TAG, MAX_TAGS, NewCode
from codes.importing.link import Link, Unusable
from codes.store import Codes
from codes.texts import MAX_LABEL

# How many are under way at a time: each waits for redirectors and for names to be looked up.
AT_ONCE = 16

Entry = tuple[int, Link | Unusable]
Word = Literal["made", "there", "would be made", "skipped"]


class Outcome(msgspec.Struct, frozen=True):
    """What became of one entry. `reason`: why it was skipped; `left_out`: what of it was not brought along."""

    entry: int
    outcome: Word
    slug: str = ""
    destination: str = ""
    id: str = ""
    reason: str = ""
    left_out: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """`onto`: the custom domain that the codes go to ("" for the short host). `only`: links of other domains are
    skipped; without it all domains of the export are put together."""

    workspace: int
    onto: str = ""
    only: str = ""
    dry_run: bool = False


async def bring(
    codes: Codes,
    entries: Iterable[Entry],
    plan: Plan,
    told: Callable[[Outcome], object],
) -> Counter[str]:
    """Tells of every entry once, in order, and returns how many there were of each outcome. Raises Unavailable when
    Redis is away: run it again."""
    counts: Counter[str] = Counter()
    taken: dict[str, int] = {}
    for few in _chunks(entries):
        for outcome in await asyncio.gather(*(_one(codes, entry, found, plan, taken) for entry, found in few)):
            counts[outcome.outcome] += 1
            told(outcome)
    return counts


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    left = iter(entries)
    while few := list(islice(left, AT_ONCE)):
        yield few


def _one(codes: Codes, entry: int, found: Link | Unusable, plan: Plan, taken: dict[str, int]) -> Awaitable[Outcome]:
    """(What depends on the order of entries is decided before anything is waited for.)"""
    if isinstance(found, Unusable):
        return _said(Outcome(entry, "skipped", reason=str(found)))
    skipped = Outcome(entry, "skipped", found.slug, found.destination)
    if plan.only and found.host.lower() != plan.only.lower():
        reason = f"it is on {found.host or 'no domain'}, not on {plan.only}"
        return _said(msgspec.structs.replace(skipped, reason=reason))
    first = taken.setdefault(found.slug, entry)
    if first != entry:
        return _said(msgspec.structs.replace(skipped, reason=f"entry {first} has the same slug"))
    return _make(codes, skipped, fitted(found), plan)


async def _said(outcome: Outcome) -> Outcome:
    return outcome


async def _make(codes: Codes, skipped: Outcome, link: Link, plan: Plan) -> Outcome:
    new = new_code(link, plan)
    assert new.id is not None
    done = msgspec.structs.replace(skipped, id=new.id, left_out=link.left_out)
    try:
        if await codes.get(plan.workspace, new.id) is not None:
            return msgspec.structs.replace(done, outcome="there")
        if plan.dry_run:
            await codes.check(plan.workspace, new)
            if await codes.by_slug(plan.onto, link.slug) is not None:
                return msgspec.structs.replace(skipped, reason=f"slug: the slug {link.slug!r} is taken")
            return msgspec.structs.replace(done, outcome="would be made", id="")
        await codes.create(plan.workspace, new)
    except (Refused, Conflict) as error:
        return msgspec.structs.replace(skipped, reason=f"{error.field}: {error.message}")
    except NotInPlan as error:
        return msgspec.structs.replace(skipped, reason=error.message)
    except Missing:
        return msgspec.structs.replace(skipped, reason="it was brought in before, and deleted since")
    return msgspec.structs.replace(done, outcome="made")


def fitted(link: Link) -> Link:
    """Without what is too much for a code, which is no reason to leave out the link."""
    tags = tuple(dict.fromkeys(tag.lower() for tag in link.tags if len(tag) <= MAX_TAG))[:MAX_TAGS]
    lost = [
        *(["some of its tags"] if len(tags) < len({tag.lower() for tag in link.tags}) else []),
        *(["the end of its label"] if len(link.label or "") > MAX_LABEL else []),
    ]
    label = link.label and link.label[:MAX_LABEL]
    return msgspec.structs.replace(link, tags=tags, label=label, left_out=(*link.left_out, *lost))


def new_code(link: Link, plan: Plan) -> NewCode:
    return NewCode(
        id=id_of(plan.workspace, plan.onto, link.slug),
        destination=link.destination,
        slug=link.slug,
        keep_slug=True,
        host=plan.onto,
        label=link.label,
        tags=link.tags,
        status="paused" if link.paused else "active",
        starts_at_ms=link.starts_at_ms,
        expires_at_ms=link.expires_at_ms,
        expired_destination=link.expired_destination,
        scan_limit=link.scan_limit,
        utm=link.utm,
        apps=link.apps,
        created_by="import",
        one_of_many=True,
    )


def id_of(workspace: int, host: str, slug: str) -> str:
    digest = hashlib.blake2b(f"{workspace}\0{host}\0{slug}".encode(), digest_size=16, person=b"waymark-import").digest()
    return str(uuid.UUID(bytes=digest, version=4))
