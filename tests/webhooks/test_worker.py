"""webhooks: what happens to codes is delivered, signed, in order, and again until it was accepted."""

import asyncio

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from codes.code_fields import Edit, NewCode
from codes.work_signals import WorkSignals
from redirect.scan_limit import USE
from schemas import keys
from tests.webhooks.conftest import Hooks, until
from webhooks import deliveries, retries

HERE = "https://example.com/a"
CODES = ("code.created", "code.updated", "code.deleted", "code.limited", "code.expired")


async def test_what_happens_to_a_code_is_told_in_its_order(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint(*CODES)
    code = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, slug="menu"))
    await hooks.codes.edit(hooks.workspace, code.id, Edit(slug="card", label="May"))
    await hooks.codes.delete(hooks.workspace, code.id)
    async with hooks.working():
        await until(lambda: len(hooks.receiver.received) == 3)
    told = [one.verified(hooks.secret(endpoint)) for one in hooks.receiver.received]
    assert [one["type"] for one in told] == ["code.created", "code.updated", "code.deleted"]
    assert [one["data"]["code"]["slug"] for one in told] == ["menu", "card", "card"]
    assert [one["data"].get("changed") for one in told] == [None, ["slug", "label"], None]
    assert len(set(hooks.receiver.ids)) == 3
    with pytest.raises(WebhookVerificationError):
        hooks.receiver.received[0].verified("whsec_" + "A" * 43 + "=")
    state = await deliveries.state(hooks.redis, endpoint.id)
    assert (state.pending, state.dead, state.failures) == (0, 0, 0)
    found = await deliveries.page(hooks.redis, endpoint.id, "delivered", 10)
    assert [(one.about.type, one.about.attempts, one.about.status) for one in found] == [
        ("code.deleted", 1, 204),
        ("code.updated", 1, 204),
        ("code.created", 1, 204),
    ]
    # Of bodies nothing is kept.
    assert not await hooks.redis.exists(keys.webhook(endpoint.id, "bodies"))
    assert await hooks.redis.xlen(keys.CODE_EVENTS) == 0


async def test_a_workspace_without_endpoints_has_no_events(hooks: Hooks) -> None:
    code = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    endpoint = await hooks.endpoint("code.updated")
    await hooks.codes.edit(hooks.workspace, code.id, Edit(label="May"))
    assert await hooks.redis.xlen(keys.CODE_EVENTS) == 1
    await hooks.codes.edit(hooks.workspace, code.id, Edit(label="May"))
    assert await hooks.redis.xlen(keys.CODE_EVENTS) == 1, "nothing has changed"
    await hooks.endpoints.delete(hooks.workspace, endpoint.id)
    await hooks.codes.delete(hooks.workspace, code.id)
    assert await hooks.redis.xlen(keys.CODE_EVENTS) == 1


async def test_filters_say_of_which_codes_an_endpoint_is_told(hooks: Hooks) -> None:
    poster = ("or", [["is", "code:tag", ["poster"]], ["contains", "code:destination", ["/shop"]]])
    await hooks.endpoint("code.created", "code.updated", filters=([*poster],))
    one = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, slug="one", tags=("poster",)))
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, slug="two"))
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE + "/shop", slug="three"))
    # It leaves the filter, which is told, and is outside then.
    await hooks.codes.edit(hooks.workspace, one.id, Edit(tags=()))
    await hooks.codes.edit(hooks.workspace, one.id, Edit(label="May"))
    async with hooks.working():
        await hooks.until_queued()
        await hooks.until_received(3)
    told = [(one.message["type"], one.message["data"]["code"]["slug"]) for one in hooks.receiver.received]
    assert told == [("code.created", "one"), ("code.created", "three"), ("code.updated", "one")]


async def test_a_code_expires_once_for_each_time_that_it_does(hooks: Hooks) -> None:
    await hooks.endpoint("code.expired")
    in_a_day = hooks.clock() + retries.DAY_MS
    code = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, expires_at_ms=in_a_day))
    gone = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, expires_at_ms=in_a_day))
    await hooks.codes.delete(hooks.workspace, gone.id)
    async with hooks.working():
        await asyncio.sleep(0.1)
        assert hooks.receiver.received == []
        hooks.clock.pass_by(retries.DAY_MS + 1_000)
        await until(lambda: len(hooks.receiver.received) == 1)
        await hooks.codes.edit(hooks.workspace, code.id, Edit(expires_at_ms=in_a_day + 2_000))
        hooks.clock.pass_by(5_000)
        await until(lambda: len(hooks.receiver.received) == 2)
    assert {one.message["data"]["code"]["id"] for one in hooks.receiver.received} == {code.id}
    assert not await hooks.redis.exists(keys.CODE_EXPIRIES)


async def test_a_failed_delivery_is_tried_again_and_others_go_on(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("code.created")
    first: list[str] = []

    def answer(received: object) -> tuple[int, dict[str, str]]:
        id = hooks.receiver.ids[-1]
        first.append(id)
        return (500 if id == first[0] and first.count(id) < 3 else 200), {}

    hooks.receiver.answer = answer
    for _ in range(3):
        await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await hooks.until_failed(endpoint)
        hooks.clock.pass_by(3_000)

        # The others are delivered, and with the first of them the one that failed is due at once, too.
        async def tried_twice() -> bool:
            found = await deliveries.page(hooks.redis, endpoint.id, "pending", 10)
            return [one.about.attempts for one in found] == [2]

        await until(tried_twice)
        assert len(set(hooks.receiver.ids)) == 3
        hooks.clock.pass_by(retries.HOUR_MS)
        await until(lambda: hooks.receiver.ids.count(first[0]) == 3)
    state = await deliveries.state(hooks.redis, endpoint.id)
    assert (state.pending, state.dead, state.failures, state.failing_since_ms) == (0, 0, 0, None)


async def test_after_the_last_attempt_it_is_dead_and_can_be_replayed(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("code.created")
    hooks.receiver.answer = lambda received: (500, {})
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        for attempt in range(1, retries.ATTEMPTS + 1):
            await hooks.until_failed(endpoint, attempt)
            if attempt < retries.ATTEMPTS:
                hooks.clock.pass_by(
                    round(retries.PAUSES_MS[attempt - 1] * (1 + retries.JITTER)) + retries.MINUTE_MS * 6
                )
        assert len(set(hooks.receiver.ids)) == 1
    state = await deliveries.state(hooks.redis, endpoint.id)
    assert (state.pending, state.dead) == (0, 1)
    (dead,) = await deliveries.page(hooks.redis, endpoint.id, "dead", 10)
    assert (dead.about.attempts, dead.about.status, dead.about.failure) == (retries.ATTEMPTS, 500, "status")
    hooks.receiver.answer = lambda received: (200, {})
    assert await deliveries.replay_dead(hooks.redis, endpoint.id, hooks.clock()) == 1
    async with hooks.working():
        await until(lambda: len(hooks.receiver.received) == retries.ATTEMPTS + 1)
    assert len(set(hooks.receiver.ids)) == 1


async def test_an_endpoint_that_is_gone_is_stopped(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("code.created")
    hooks.receiver.answer = lambda received: (410, {})
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await until(lambda: hooks.receiver.received)
        await hooks.until_stopped(endpoint, "gone")
        hooks.clock.pass_by(retries.DAY_MS)
        await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
        await hooks.until_queued()
    assert len(hooks.receiver.received) == 1
    state = await deliveries.state(hooks.redis, endpoint.id)
    assert state.pending == 1
    # Its owner says that it is there again.
    await hooks.endpoints.edit(hooks.workspace, endpoint.id, {"stopped": ""})
    hooks.receiver.answer = lambda received: (200, {})
    async with hooks.working():
        await until(lambda: len(hooks.receiver.received) == 2)


async def test_an_endpoint_that_fails_for_days_is_stopped(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("code.created")
    hooks.receiver.answer = lambda received: (500, {})
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await hooks.until_failed(endpoint)
        hooks.clock.pass_by(retries.STOPPED_AFTER_MS)
        await hooks.until_stopped(endpoint, "failing")
    assert len(hooks.receiver.received) == 2


async def test_a_receiver_says_when_it_wants_to_be_asked_again(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("code.created")
    hooks.receiver.answer = lambda received: (429, {"Retry-After": "600"})
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await hooks.until_failed(endpoint)
        await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
        hooks.clock.pass_by(590_000)
        await asyncio.sleep(0.15)
        assert len(hooks.receiver.received) == 1
        hooks.receiver.answer = lambda received: (200, {})
        hooks.clock.pass_by(20_000)
        await until(lambda: len(hooks.receiver.received) == 3)


async def test_a_slow_receiver_delays_nobody(hooks: Hooks) -> None:
    slow = await hooks.endpoint("code.created", url=hooks.receiver.url + "/slow")
    hooks.receiver.free.clear()
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await until(lambda: hooks.receiver.received)
        hooks.receiver.free.set()
        await hooks.endpoint("code.created")
        hooks.receiver.free.clear()
        await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
        await until(lambda: any(one.path == "/hook" for one in hooks.receiver.received))
        hooks.receiver.free.set()
        await until(lambda: len(hooks.receiver.received) == 3)
    assert (await deliveries.state(hooks.redis, slow.id)).pending == 0


async def test_a_worker_that_lost_its_lease_changes_nothing(hooks: Hooks) -> None:
    """It slept; the next one has delivered. What it records now is refused."""
    endpoint = await hooks.endpoint("code.created")
    await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
    async with hooks.working():
        await until(lambda: hooks.receiver.received)
    late = deliveries.DeliveryQueue(hooks.redis, "somebody")
    with pytest.raises(deliveries.LeaseLost):
        await late.advance(endpoint.id, "position", "", "1", [], hooks.plans["unlimited"], 1)
    with pytest.raises(deliveries.LeaseLost):
        await late.fan_out([], 1)


async def test_what_waits_has_a_bound(hooks: Hooks) -> None:
    import msgspec

    small = msgspec.structs.replace(hooks.plans["unlimited"], webhook_pending=2, webhook_dead=2)
    hooks.plans["unlimited"] = small
    endpoint = await hooks.endpoint("code.created")
    for number in range(6):
        message = deliveries.Message(f"m{number}", "code.created", b"{}")
        await deliveries.put(hooks.redis, endpoint.id, message, small, 1_000 + number)
    state = await deliveries.state(hooks.redis, endpoint.id)
    assert (state.pending, state.dead, state.dropped) == (2, 2, 2)
    assert [one.about.message for one in await deliveries.page(hooks.redis, endpoint.id, "dead", 9)] == ["m5", "m4"]
    assert await hooks.redis.hlen(keys.webhook(endpoint.id, "bodies")) == 4
    assert await hooks.redis.hget(keys.webhook(endpoint.id, "state"), "bytes") == b"8"
    huge = deliveries.Message("m7", "code.created", b" " * (small.webhook_bytes + 1))
    assert not await deliveries.put(hooks.redis, endpoint.id, huge, small, 1)
    await hooks.endpoints.delete(hooks.workspace, endpoint.id)
    assert [key async for key in hooks.redis.scan_iter(f"*{endpoint.id}*")] == []
    assert not await hooks.redis.exists(keys.WEBHOOKS_DUE, keys.WEBHOOK_WORKSPACES)


async def test_an_idle_worker_is_told(hooks: Hooks) -> None:
    """It would look again after an hour by itself."""
    signals, stop = WorkSignals(hooks.redis), asyncio.Event()
    hearing = asyncio.create_task(signals.run(stop))
    await hooks.until(lambda: signals.patience(0) > 0)
    async with hooks.working(signals=signals, poll_s=3600):
        await hooks.until(lambda: hooks.redis.exists(keys.WEBHOOKS_LEASE))
        await hooks.endpoint("code.created", "code.expired", "code.limited")
        made = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE))
        await hooks.until_received(1)
        await hooks.codes.edit(hooks.workspace, made.id, Edit(expires_at_ms=hooks.clock() + 300))
        await hooks.until_received(2)
        limited = await hooks.codes.create(hooks.workspace, NewCode(destination=HERE, scan_limit=1))
        await hooks.until_received(3)
        # (As a redirector does.)
        used = keys.scans_used(limited.birth)
        await hooks.redis.eval(USE, 2, used, keys.LIMITS_TO_CHECK, 1, limited.birth)
        await hooks.until_received(4)
    stop.set()
    await hearing
    told = [one.message["type"] for one in hooks.receiver.received]
    assert told == ["code.created", "code.expired", "code.created", "code.limited"]
