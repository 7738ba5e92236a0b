"""On the first start, create the workspace `default` and a key for it, shown once and stored as a digest; on every
start, make a link that signs in to the dashboard once."""

import asyncio
import logging
from collections.abc import Callable

from codes import apikeys, sessions, workspaces
from codes.errors import Conflict, Refused, Unavailable, UnfitRedis
from codes.redis_check import check_server
from waymark import embedded_redis, emptied_redis
from waymark.data_dir import DataDir
from waymark.settings import BadSetting, Settings
from waymark.wiring.change_log import recorded

log = logging.getLogger(__name__)


async def first_key(settings: Settings, redis_url: str, say: Callable[[str], None], *, new: bool) -> str | None:
    """The secret of a new key, or None if there are keys already. Waits for Redis. Raises BadSetting if Redis or the
    bootstrap key is unusable, and Emptied unless `new`."""
    told = False
    async with recorded(settings, redis_url) as redis:
        while True:
            try:
                await check_server(redis, settings.redis_fsync)
                if not new:
                    await emptied_redis.check(settings, redis)
                workspace = await workspaces.ensure_workspace(redis, workspaces.DEFAULT, plan=settings.default_plan)
                if settings.bootstrap_key is not None:
                    await apikeys.create_key(
                        redis, workspace.number, apikeys.BOOTSTRAP, "admin", secret=settings.bootstrap_key
                    )
                    return None
                if await apikeys.list_keys(redis, workspace.number):
                    return None
                _, secret = await apikeys.create_key(redis, workspace.number, "first key", "admin")
                return secret
            except Unavailable as error:
                if not told:
                    full = "" if settings.redis_url else embedded_redis.full_disk(DataDir(settings.data))
                    say(f"waiting for Redis: {error}{full}")
                    told = True
                await asyncio.sleep(0.5)
            except emptied_redis.Unsure as error:
                # Redis is empty: this may be the first start, or not.
                if not told:
                    say(f"waiting: {error}")
                    told = True
                await asyncio.sleep(0.5)
            except UnfitRedis as error:
                raise BadSetting(f"this Redis cannot keep codes: {error}") from None
            except (Refused, Conflict) as error:
                raise BadSetting(f"WAYMARK_BOOTSTRAP_KEY cannot be used: {error}") from None


async def sign_in_link(settings: Settings, redis_url: str) -> str | None:
    """An address that signs in to the workspace `default` once, within ten minutes; None if it has no admin key, or
    Redis does not answer."""
    async with recorded(settings, redis_url) as redis:
        try:
            workspace = await workspaces.ensure_workspace(redis, workspaces.DEFAULT, plan=settings.default_plan)
            token = await sessions.make_link(redis, workspace.number)
        except Unavailable:
            return None
    return None if token is None else f"{settings.api_base}/#token={token}"
