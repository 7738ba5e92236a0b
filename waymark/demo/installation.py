"""Make the codes, folders, styles and reports of the demonstration, and take them away again.

Codes are known by who made them, everything else by its id, so that nothing of anybody else is ever removed. A code
gets the age that its scans say; its numbers and its link's version are of now, like any other's.
"""

import random
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
from redis.asyncio import Redis

from codes import code_store, conditions, folders, index, reports, slugs, styles
from codes.code_fields import NewCode
from codes.code_store import CodeRecord, LinkChange
from codes.errors import SlugTaken
from codes.service import Codes
from codes.variants import NewRule, NewVariant
from infra.progress import Progress
from schemas.code import Code
from waymark.demo.business import FOLDERS, REPORTS, STORIES, STYLES
from waymark.demo.story import Story

MADE_BY = "waymark demo"
_UTM = ("utm_source", "utm_medium", "utm_campaign")
_PAGE = 500
_DRAWS = 20


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{MADE_BY}: {kind} {name}"))


async def codes_of(codes: Codes, workspace: int) -> list[Code]:
    """The codes of the demonstration that are there."""
    found: list[Code] = []
    before = None
    while page := await codes.page(workspace, _PAGE, before):
        found += [code for code in page if code.created_by == MADE_BY]
        before = page[-1].number
    return found


async def install(
    redis: Redis, codes: Codes, workspace: int, now: datetime, rng: random.Random, show: Progress
) -> dict[str, Code]:
    """The codes by label, the eldest first. Raises what `Codes.create` does."""
    for name in FOLDERS:
        await folders.create(redis, workspace, name, plans=codes.plans, id=_id("folder", name))
    for name, style in STYLES.items():
        await styles.create(redis, workspace, name, style, plans=codes.plans, id=_id("style", name))
    for name, query in REPORTS.items():
        await reports.create(redis, workspace, name, query, plans=codes.plans, id=_id("report", name))
    made: dict[str, Code] = {}
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for at, story in enumerate(sorted(STORIES, key=lambda story: -story.began), 1):
        show("making codes", at, len(STORIES))
        code = await _create(codes, workspace, story, midnight, rng)
        made[story.label] = await _backdate(
            redis, code, midnight - timedelta(days=story.began, hours=rng.randrange(6, 16))
        )
    return made


async def remove(redis: Redis, codes: Codes, workspace: int, show: Progress) -> int:
    """Delete everything; return how many codes there were. Their scans are erased like those of any deleted code."""
    found = await codes_of(codes, workspace)
    for at, code in enumerate(found, 1):
        show("deleting codes", at, len(found))
        await codes.delete(workspace, code.id)
    for name in FOLDERS:
        await folders.delete(redis, workspace, _id("folder", name))
    for name in STYLES:
        await styles.delete(redis, workspace, _id("style", name))
    for name in REPORTS:
        await reports.delete(redis, workspace, _id("report", name))
    return len(found)


async def _create(codes: Codes, workspace: int, story: Story, midnight: datetime, rng: random.Random) -> Code:
    """Under its slug, or one that is drawn where that is taken; without those of its aliases that are."""
    new = _new(story, midnight)
    free = [slug for slug in new.aliases if await codes.is_free(workspace, "", slug, id="")]
    new = msgspec.structs.replace(new, aliases=tuple(free))
    for slug in (*([new.slug] if new.slug else []), *(slugs.draw(rng) for _ in range(_DRAWS))):
        try:
            return await codes.create(workspace, msgspec.structs.replace(new, slug=slug, keep_slug=slug != new.slug))
        except SlugTaken:
            continue
    return await codes.create(workspace, msgspec.structs.replace(new, slug=None))


def _new(story: Story, midnight: datetime) -> NewCode:
    def ms(days_ago: int | None) -> int | None:
        return None if days_ago is None else int((midnight - timedelta(days=days_ago)).timestamp() * 1000)

    rules = tuple(
        NewRule(when=conditions.parse(when, f"{story.label}: rules[{at}].if"), to=to, label=label)
        for at, (when, to, label) in enumerate(story.rules)
    )
    return NewCode(
        destination=story.to,
        label=story.label,
        slug=story.slug,
        aliases=story.aliases,
        tags=story.tags,
        folder_id=_id("folder", story.folder),
        style=STYLES[story.style] if story.style else None,
        status="active" if story.paused is None else "paused",
        type=story.type,
        content=story.content,
        page_design=story.page_design,
        variants=tuple(NewVariant(url=url, weight=weight, label=label) for url, weight, label in story.variants),
        rules=rules,
        utm={name: value for name, value in zip(_UTM, story.utm, strict=True) if value and story.type == "website"},
        query=story.query,
        password=story.password,
        scan_limit=story.scan_limit,
        locked=story.locked,
        starts_at_ms=None if story.opens is None else ms(-story.opens),
        expires_at_ms=ms(story.expired),
        created_by=MADE_BY,
        # A plan's hourly creations are meant for people.
        one_of_many=True,
    )


async def _backdate(redis: Redis, code: Code, to: datetime) -> Code:
    """As a change that no redirector need know of."""
    at_ms = int(to.timestamp() * 1000)
    while (found := await index.find(redis, code.id)) is not None and found.link.code is not None:
        older = msgspec.structs.replace(found.link.code, created_at_ms=at_ms, updated_at_ms=at_ms)
        if (
            await code_store.write(redis, [LinkChange(found.link, CodeRecord(code=older))])
            is code_store.WriteResult.DONE
        ):
            return older
    return code
