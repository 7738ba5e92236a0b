"""A Redis with something of everything, and all that is in it."""

import asyncio

import msgspec
from redis.asyncio import Redis

from codes import apikeys, brandings, folders, reports, scheduled_exports, shared_views, styles, workspaces
from codes.code_fields import Edit, NewCode
from codes.plans import presets
from codes.service import Codes
from codes.static_codes import NewStatic, StaticCodes
from infra.schedule import Schedule
from schemas import keys
from schemas.branding import Branding
from schemas.route import decode_route
from tests.codes.conftest import anywhere

HERE = "https://example.com/here"
NOW = 2_000_000_000_000
_OTHER = {keys.CHANGES, keys.DOMAINS_VERSION, keys.UNRECORDED, keys.CHANGE_LOGS}
SHARED = "3kD8vQxT7mWbYcHs2nLrEaZpJ4gFuK9V"


async def contents(redis: Redis) -> dict[bytes, object]:
    """Everything in a Redis, but for the versions of routes and the marks of pointers, which are new, and how many
    changes it has told; and what has been done in this month, which stays where it was done. Nor what is of a change
    log."""
    found: dict[bytes, object] = {}
    async for at in redis.scan_iter("*"):
        if at.decode() in _OTHER or b":quota:" in at:
            continue
        match await redis.type(at):
            case b"string":
                raw = await redis.get(at)
                assert isinstance(raw, bytes)
                if at.endswith(b":route"):
                    found[at] = msgspec.structs.replace(decode_route(raw), version=0)
                else:
                    found[at] = raw.split()[0] if at.startswith(b"{wm}:id:") else raw
            case b"hash":
                found[at] = await redis.hgetall(at)
            case b"zset":
                found[at] = await redis.zrange(at, 0, -1, withscores=True)
            case b"stream" if at.endswith(b":history"):
                found[at] = [fields for _, fields in await redis.xrange(at) or []]
    return found


async def no_folder(workspace: int, id: str) -> None:
    """The static codes of this test are in none."""


async def filled(redis: Redis, many: int = 130) -> Codes:
    codes = Codes(redis, usable=anywhere, plans=presets())
    one = await workspaces.ensure_workspace(redis, "default")
    two = await workspaces.ensure_workspace(redis, "shop")
    await apikeys.create_key(redis, one.number, "a", secret="oqr_live_yourkey")
    revoked, _ = await apikeys.create_key(redis, two.number, "b")
    await apikeys.revoke(redis, two.number, revoked.id)
    await asyncio.gather(
        *(codes.create(one.number, NewCode(destination=f"{HERE}/{n}", label=str(n), tags=("x",))) for n in range(many))
    )
    folder = await folders.create(redis, two.number, "Spring", plans=presets())
    nightly = Schedule("day", 3, timezone="Europe/Berlin")
    await scheduled_exports.create(redis, two.number, "Nightly", "csv", nightly, plans=presets())
    await reports.create(redis, two.number, "Spring", {"metrics": ["scans"], "date_range": "7d"}, plans=presets())
    await shared_views.create(
        redis, two.number, "Spring", plans=presets(), created_by=revoked.id, report_id="any", token=SHARED
    )
    style = {"a": [1, {}]}
    await styles.create(redis, two.number, "House", style, plans=presets())
    await brandings.put(redis, two.number, Branding(name="The shop", accent="#aa0000"), longest_wait_s=0.1)
    moved = await codes.create(two.number, NewCode(destination=HERE, slug="old", style=style, folder_id=folder.id))
    await codes.edit(two.number, moved.id, Edit(slug="new"))
    deleted = await codes.create(two.number, NewCode(destination=HERE, slug="deleted", host="qr.example.net"))
    await codes.delete(two.number, deleted.id, keep_until_ms=2 * NOW)
    await StaticCodes(redis, check_folder=no_folder, plans=presets()).create(
        two.number, NewStatic(name="S", type="text", content={"text": "x"})
    )
    return codes
