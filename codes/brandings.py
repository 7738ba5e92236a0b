"""Brandings: how a workspace's pages at the short host look, and those of one of its domains.

A change is published like that of a domain (`codes.domains`): redirectors read both again. The caller (`api`) checks
that the colours can be read.
"""

import re
import secrets
from collections.abc import Callable, Collection

import msgspec
from redis.asyncio import Redis

from codes import acknowledgements, destinations, etags
from codes.domains import CHANGED
from codes.errors import Refused, Stale
from codes.files import Files
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import single_line, storable
from infra import clock
from schemas import keys
from schemas.branding import COLOURS, PLAIN, BrandImage, Branding, decode_branding

MAX_NAME = 80
MAX_MESSAGE = 300
# A logo is loaded by phones.
MAX_IMAGE_BYTES = 1 << 20
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LINE_ENDS = "\n\t"

# Stores a branding, or deletes it, and says that domains and brandings have changed; 0 if what is stored must be as it
# was read (ARGV[8]) and is not.
_PUT = Script(
    """
if ARGV[8] and (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[8] then return 0 end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
local version = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(ARGV[3]))
local text = string.format('%.0f', version)
redis.call('SET', KEYS[2], text)
redis.call('INCR', ARGV[4])
redis.call('PUBLISH', ARGV[5], string.format(CHANGED, ARGV[7], text, ARGV[6]))
return 1
""".replace("CHANGED", CHANGED)
)
_KEYS = [keys.BRANDINGS, keys.DOMAINS_VERSION]


class BrandingFields(msgspec.Struct, frozen=True):
    """A branding as it is asked for. `logo` and `favicon` are ids of files; "" leaves a field open."""

    name: str = ""
    message: str = ""
    logo: str = ""
    favicon: str = ""
    background: str = ""
    text: str = ""
    accent: str = ""
    imprint_url: str = ""
    privacy_url: str = ""


async def check(files: Files, workspace: int, fields: BrandingFields) -> Branding:
    """Return the branding. Raises Refused for fields that cannot be shown."""
    if fields.name:
        single_line("name", fields.name, MAX_NAME)
    message = fields.message.strip()
    if len(message) > MAX_MESSAGE or not all(one.isprintable() or one in _LINE_ENDS for one in message):
        raise Refused("message", "invalid_text", f"message has at most {MAX_MESSAGE} characters, none of control")
    storable("message", message)
    colours = {name: getattr(fields, name).lower() for name in COLOURS}
    for name, colour in colours.items():
        if colour and not _COLOUR.fullmatch(colour):
            raise Refused(name, "invalid_color", f"{name} must be a colour, #rrggbb")
    return Branding(
        name=fields.name.strip(),
        message=message,
        logo=await _image(files, workspace, "logo", fields.logo),
        favicon=await _image(files, workspace, "favicon", fields.favicon),
        imprint_url=_url("imprint_url", fields.imprint_url),
        privacy_url=_url("privacy_url", fields.privacy_url),
        **colours,
    )


async def _image(files: Files, workspace: int, field: str, id: str) -> BrandImage | None:
    if not id:
        return None
    file = await files.get(workspace, id)
    if file is None or not file.content_type.startswith("image/"):
        raise Refused(field, "invalid_file", f"{field} must be the file_id of a picture of this workspace")
    if file.size > MAX_IMAGE_BYTES:
        raise Refused(field, "file_too_large", f"{field} has at most {MAX_IMAGE_BYTES >> 20} MB")
    return BrandImage(file.id, file.path)


def _url(field: str, url: str) -> str:
    if url:
        try:
            destinations.parse(url)
        except Refused as refused:
            raise Refused(field, refused.code, refused.message.replace("the destination", field)) from None
    return url


@raises_unavailable
async def get(redis: Redis, workspace: int) -> Branding:
    return _decoded(await _read(redis, workspace))


async def _read(redis: Redis, workspace: int) -> bytes:
    return await command(redis, "HGET", keys.BRANDINGS, str(workspace)) or b""


def _decoded(raw: bytes) -> Branding:
    return decode_branding(raw) if raw else PLAIN


@raises_unavailable
async def put(
    redis: Redis,
    workspace: int,
    branding: Branding,
    *,
    match: Collection[str] | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
    longest_wait_s: float = acknowledgements.LONGEST_WAIT_S,
) -> Branding:
    """Replace the branding of a workspace; every redirector has it when this returns. Raises Stale where it has none of
    the etags in `match`."""
    raw = await _read(redis, workspace)
    stored = _decoded(raw)
    if match is not None and etags.etag_of(stored) not in match:
        raise Stale(str(workspace))
    if branding != PLAIN:
        token = stored.token or secrets.token_hex(8)
        branding = msgspec.structs.replace(branding, token=token)
    nonce = secrets.token_hex(16)
    before = await acknowledgements.redirectors(redis)
    if not await _put(redis, workspace, branding, nonce, now_ms(), None if match is None else raw):
        raise Stale(str(workspace))
    await acknowledgements.wait_for_acknowledgements(redis, [nonce], before, longest_s=longest_wait_s)
    return branding


async def import_branding(redis: Redis, workspace: int, branding: Branding) -> bool:
    """Import the branding of a workspace that has none; return whether it was new."""
    if await get(redis, workspace) != PLAIN:
        return False
    await _put(redis, workspace, branding, "", clock.now_ms())
    return True


async def _put(
    redis: Redis, workspace: int, branding: Branding, nonce: str, now_ms: int, seen: bytes | None = None
) -> bool:
    """Store it, where it is still as `seen`; return whether it was."""
    raw = b"" if branding == PLAIN else msgspec.json.encode(branding)
    before = () if seen is None else (seen,)
    arguments = (str(workspace), raw, now_ms, keys.CHANGES, keys.ROUTES, nonce, keys.DOMAINS, *before)
    return bool(await _PUT.run(redis, _KEYS, *arguments))
