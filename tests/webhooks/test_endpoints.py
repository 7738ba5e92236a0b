"""webhooks: endpoints as they are kept, their secrets, and how they come through an export."""

import asyncio
from base64 import b64decode
from pathlib import Path

import pytest

from codes import export_import
from codes.code_fields import Edit, NewCode
from codes.redis_client import connect
from codes.webhook_endpoints import all_endpoints
from schemas import keys
from tests.servers.redis import running
from tests.webhooks.conftest import Hooks, until
from webhooks import deliveries
from webhooks.signing import SigningKeys, UnknownKey, headers, signing_keys

HERE = "https://example.com/a"


async def test_both_secrets_sign_while_one_replaces_the_other(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("code.created")
    before = hooks.secret(endpoint)
    rotated = await hooks.endpoints.rotate(hooks.workspace, endpoint.id, hooks.signing, 3600)
    after = hooks.secret(rotated)
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await hooks.until_received(1)
    received = hooks.receiver.received[0]
    assert received.verified(before) and received.verified(after)
    assert len(received.headers["webhook-signature"].split(" ")) == 2
    assert len(hooks.signing.valid(rotated, hooks.clock() + 3_601_000)) == 1
    for _ in range(10):
        rotated = await hooks.endpoints.rotate(hooks.workspace, endpoint.id, hooks.signing, 3600)
    assert len(rotated.secrets) <= 4


async def test_secrets_follow_from_a_key_that_is_not_in_redis(hooks: Hooks) -> None:
    own = await signing_keys(hooks.redis, "k" * 32)
    endpoint = await hooks.endpoints.create(hooks.workspace, {"url": hooks.receiver.url, "events": ("scan",)}, own)
    assert own.shown(endpoint) == SigningKeys(b"another", "k" * 32).shown(endpoint)
    for other in (SigningKeys(b"another"), SigningKeys(b"another", "j" * 32), await signing_keys(hooks.redis, None)):
        with pytest.raises(UnknownKey):
            other.shown(endpoint)
    assert own.id("scan", 1, 2) == (await signing_keys(hooks.redis, None)).id("scan", 1, 2) != own.id("scan", 12)


async def test_without_its_key_nothing_is_sent(hooks: Hooks) -> None:
    """WAYMARK_WEBHOOK_KEY was changed: the receiver would refuse what is signed with another secret."""
    elsewhere = SigningKeys(b"another", "k" * 32)
    endpoint = await hooks.endpoints.create(
        hooks.workspace, {"url": hooks.receiver.url, "events": ("code.created",)}, elsewhere
    )
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await hooks.until_failed(endpoint)
        await hooks.endpoints.rotate(hooks.workspace, endpoint.id, hooks.signing, 0)
        hooks.clock.pass_by(3_600_000)
        await hooks.until_received(1)
    (found,) = await deliveries.page(hooks.redis, endpoint.id, "delivered", 9)
    assert found.about.attempts == 2


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of its page."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    found = headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_export_has_endpoints_without_secrets_and_a_copy_is_silent(hooks: Hooks, tmp_path: Path) -> None:
    endpoint = await hooks.endpoint("code.created", "code.limited", "code.expired")
    new = NewCode(destination=HERE, slug="full", expires_at_ms=hooks.clock() - 1_000, scan_limit=1)
    code = await hooks.codes.create(hooks.workspace, new)
    await hooks.redis.set(keys.scans_used(code.birth), 1)
    path = tmp_path / "all.ndjson"
    with path.open("wb") as file:
        counts = await export_import.export_all(hooks.redis, file.write)
    assert counts["webhook"] == 1
    assert hooks.secret(endpoint).encode() not in path.read_bytes()
    folder = tmp_path / "r"
    folder.mkdir()
    with running(folder) as server:
        other = connect(server.url)
        try:
            for expected in (1, 0):
                counts = await export_import.import_file(other, path, now_ms=hooks.clock)
                assert counts["webhook"] == expected
            (copied,) = await all_endpoints(other)
            assert (copied.id, copied.stopped, copied.secrets) == (endpoint.id, "paused", endpoint.secrets)
            assert await other.hgetall(keys.WEBHOOK_WORKSPACES) == {str(hooks.workspace).encode(): b"1"}
            # What is past is no news there.
            assert not await other.exists(keys.CODE_EVENTS, keys.CODE_EXPIRIES, keys.LIMITS_TO_CHECK)
            with pytest.raises(UnknownKey):
                (await signing_keys(other, None)).shown(copied)
        finally:
            await other.aclose()


async def test_a_limit_is_told_when_it_is_used_up_and_again_after_there_was_room(hooks: Hooks) -> None:
    await hooks.endpoint("code.limited")
    code = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, scan_limit=2))

    async def scan() -> None:
        """As a redirector counts (tests/redirect/test_scan_limit.py)."""
        from redirect.scan_limit import USE

        at = (keys.scans_used(code.birth), keys.LIMITS_TO_CHECK)
        await hooks.redis.eval(USE, 2, *at, "2", str(code.birth))

    async def checked() -> bool:
        return not await hooks.redis.exists(keys.LIMITS_TO_CHECK, keys.CODE_EVENTS) or not (
            await hooks.redis.hlen(keys.LIMITS_TO_CHECK) or await hooks.redis.xlen(keys.CODE_EVENTS)
        )

    async with hooks.working():
        await scan()
        await until(checked)
        assert hooks.receiver.received == []
        for _ in range(3):
            await scan()
        await hooks.until_received(1)
        # Nothing more to tell: it stays used up, and a smaller limit is no news.
        await hooks.codes.edit(hooks.workspace, code.id, Edit(scan_limit=1))
        await until(checked)
        await hooks.codes.edit(hooks.workspace, code.id, Edit(scan_limit=3))
        await until(checked)
        await hooks.codes.edit(hooks.workspace, code.id, Edit(scan_limit=2))
        await hooks.until_received(2)
        await asyncio.sleep(0.05)
    assert [one.message["data"]["code"]["id"] for one in hooks.receiver.received] == [code.id] * 2
    await hooks.codes.delete(hooks.workspace, code.id)
    assert not await hooks.redis.exists(keys.LIMITED_CODES, keys.LIMITS_REACHED)
