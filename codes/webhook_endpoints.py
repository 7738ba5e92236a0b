"""The endpoints of webhooks as they lie in Redis; `webhooks` is the room that fills and uses them.

A version counts every change, so the process that delivers reads them again only then. How many a workspace has stands
beside them, for the script that notes events of codes (`codes.code_events`).
"""

import msgspec
from redis.asyncio import Redis

from codes.redis_client import Script, command, raises_unavailable
from codes.work_signals import TELL_WEBHOOKS
from schemas import keys
from schemas.webhook import Endpoint

_decoder = msgspec.json.Decoder(Endpoint)
_encoder = msgspec.json.Encoder()
AT = [keys.WEBHOOKS, keys.WEBHOOKS_VERSION, keys.WEBHOOK_WORKSPACES]
# ARGV: id, workspace, endpoint, the most there may be ("" for any number). 0: too many; 1: made; 2: there already.
CREATE = Script(
    """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 2 end
if ARGV[4] ~= '' and tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or '0') >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
redis.call('INCR', KEYS[2])
"""
    + TELL_WEBHOOKS
    + "return 1"
)


def decode_endpoint(raw: bytes) -> Endpoint:
    return _decoder.decode(raw)


@raises_unavailable
async def all_endpoints(redis: Redis) -> list[Endpoint]:
    """Those of all workspaces, oldest first."""
    raw = await command(redis, "HVALS", keys.WEBHOOKS)
    return sorted((_decoder.decode(one) for one in raw), key=lambda each: (each.created_at_ms, each.id))


async def list_endpoints(redis: Redis, workspace: int) -> list[Endpoint]:
    """Those of a workspace, oldest first."""
    return [each for each in await all_endpoints(redis) if each.workspace == workspace]


async def import_endpoint(redis: Redis, endpoint: Endpoint) -> bool:
    """Import an endpoint; return whether it was new. It is paused, so that a copy of a deployment tells nobody anything
    until its owner says so."""
    if not endpoint.stopped:
        endpoint = msgspec.structs.replace(endpoint, stopped="paused")
    raw = _encoder.encode(endpoint)
    return bool(await CREATE.run(redis, AT, endpoint.id, endpoint.workspace, raw, "") == 1)
