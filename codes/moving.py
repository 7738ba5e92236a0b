"""A slug change: two places, so two hash slots, and several steps.

1. `claim` keeps the new place free: it holds the name of the move and still leads nowhere.
2. `commit` notes at the old place what the code will be. From here on the move goes through: whoever
   meets the note, be it an edit, a deletion or the sweep, calls `finish` first.
3. `finish` writes the code and its route at the new place, repoints the index, and leaves a tombstone at
   the old one, in this order: until the very end the old slug leads to the destination, so a crash leaves
   no dead slug. Each of its steps happens once, however many do them at once or after an hour's sleep.
"""

from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from codes import index
from codes.errors import Conflict, Unavailable
from codes.places import Kept, Place, Put, look, put, route_of, tombstone_of
from schemas.code import Code

# Called with the name of each step that has just been done; tests stop there.
Step = Callable[[str], Awaitable[None]]


async def nothing(step: str) -> None:
    """What a Step does outside of tests."""


async def claim(redis: Redis, code: Code, move: str, *, deadline_ms: int, now_ms: int) -> None:
    """Keeps the place free to which `code` (as it will be) goes. Raises Conflict when it is taken."""
    while True:
        place = await look(redis, code.host, code.slug)
        if place.code is not None and place.code.id == code.id and place.kept and place.kept.successor:
            # The code has been here before, and leaving was cut short.
            await finish(redis, place, now_ms=now_ms)
            continue
        if not place.is_free_for(code.workspace):
            raise Conflict("slug", "slug_taken", f"the slug {code.slug!r} is taken")
        outcome = await put(redis, place, Kept(move=move), deadline_ms=deadline_ms)
        if outcome is Put.LATE:
            raise Unavailable("the change took too long")
        if outcome is Put.DONE:
            return


async def release(redis: Redis, host: str, slug: str, move: str) -> None:
    """Gives up a claim that will not be used."""
    while True:
        place = await look(redis, host, slug)
        if place.kept is None or place.kept.code is not None or place.kept.move != move:
            return
        if await put(redis, place, None) is Put.DONE:
            return


async def commit(redis: Redis, found: index.Found, successor: Code, move: str, *, deadline_ms: int) -> Place | None:
    """Decides the move. Returns the old place with its note, or None when the code has changed meanwhile."""
    noted = Kept(code=found.place.code, successor=successor, pointer=found.pointer.decode(), move=move)
    outcome = await put(redis, found.place, noted, deadline_ms=deadline_ms)
    if outcome is Put.LATE:
        raise Unavailable("the change took too long")
    if outcome is Put.CHANGED:
        return None
    return await look(redis, found.place.host, found.place.slug)


async def finish(redis: Redis, old: Place, *, now_ms: int, step: Step = nothing) -> None:
    """Does what is left of the move noted at `old`; nothing, if `old` is no longer so."""
    if old.kept is None or old.kept.code is None or old.kept.successor is None:
        return
    code, successor, move = old.kept.code, old.kept.successor, old.kept.move
    while True:
        new = await look(redis, successor.host, successor.slug)
        if new.kept is None or new.kept.code is not None or new.kept.move != move:
            break  # already written, and perhaps moved on since
        route = route_of(successor, new.next_version(now_ms))
        if await put(redis, new, Kept(code=successor), route, nonce="") is Put.DONE:
            break
    await step("written")
    await index.repoint(redis, code.id, old.kept.pointer.encode(), index.pointer(successor.host, successor.slug, move))
    await step("repointed")
    await put(redis, old, None, tombstone_of(code, old.next_version(now_ms)), nonce="")
    await step("given up")
