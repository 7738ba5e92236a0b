"""What plans allow, exactly, however many ask at once."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from codes import quotas, workspaces
from codes.code_fields import Edit, NewCode
from codes.errors import NotInPlan
from codes.plans import Plan, UnreadablePlans, known, presets
from codes.resolver import Resolver
from codes.service import Codes
from codes.sweep import sweep
from codes.variants import NewRule, NewVariant
from schemas.code import Code
from schemas.scan_options import Apps, Conditions
from tests.codes.conftest import OWN_HOSTS, anywhere, no_names

HERE = "https://example.com/a"
NOW = datetime(2026, 5, 21, 15, tzinfo=UTC)
PRESETS = {
    "unlimited", "openqr", "exaroutes", "qr-code-agency-free", "qr-code-agency-starter", "qr-code-agency-pro",
    "qr-code-agency-agency", "qravio-free", "qravio-starter", "qravio-pro", "qravio-agency",
}  # fmt: skip

BOUNDS = {
    *("calls_per_second", "burst_calls", "queued_pictures", "queued_questions", "jobs", "job_bytes"),
    *("idempotency_keys", "idempotency_bytes", "codes", "code_bytes", "made_per_month"),
    *("files", "file_bytes", "folders", "keys", "domains", "reports", "styles", "question_rows", "question_groups"),
    *("shared_views", "streams", "queued_exports", "export_rows", "scheduled_exports"),
    *("webhooks", "webhook_pending", "webhook_bytes", "webhook_dead"),
}


async def on(redis: Redis, plan: str) -> int:
    workspace = await workspaces.ensure_workspace(redis, "ours")
    return (await workspaces.set_plan(redis, workspace.number, plan)).number


async def make(codes: Codes, workspace: int, **fields: Any) -> Code:
    return await codes.create(workspace, NewCode(**{"destination": HERE, **fields}))


async def refused(work: Awaitable[object]) -> NotInPlan:
    with pytest.raises(NotInPlan) as caught:
        await work
    return caught.value


def outcome(error: object) -> str:
    return error.code if isinstance(error, NotInPlan) else "made" if isinstance(error, Code) else repr(error)


def test_the_presets() -> None:
    assert set(known(None)) == PRESETS
    unlimited = known(None)["unlimited"]
    limited = {name for name in unlimited.__struct_fields__ if getattr(unlimited, name) not in (None, True)}
    assert limited == {"name", "short_name", "words", "texts", *BOUNDS}
    # What is kept has a bound in every plan.
    for plan in known(None).values():
        assert all(getattr(plan, name) > 0 for name in BOUNDS)


def test_a_file_of_one_s_own(tmp_path: Path) -> None:
    path = tmp_path / "plans.toml"
    path.write_text(
        '[plan.team]\nactive_codes = 5\nwords = "ours"\n[words.ours]\nactive_codes = "{limit} for {plan}"\n'
    )
    found = known(path)
    assert found["team"].says("active_codes", limit=5) == "5 for team"
    assert set(found) == PRESETS | {"team"}
    # What it has no words for is said in ours.
    assert "team" in found["team"].says("variants")


@pytest.mark.parametrize(
    "text",
    [
        "[plan.team", "[plan.team]\nactive = 1", '[plan.team]\nactive_codes = "5"', '[plan.team]\nwords = "none"',
        '[plan.team]\nwords = "w"\n[words.w]\nvariants = "{nothing}"', "[others]\na = 1",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plans.toml"
    path.write_text(text)
    with pytest.raises(UnreadablePlans):
        known(path)


async def test_a_plan_that_nobody_knows_limits_nothing(redis: Redis, codes: Codes) -> None:
    workspace = await on(redis, "long gone")
    assert [(await make(codes, workspace)).number for _ in range(25)]


async def test_ten_active_codes_and_no_eleventh(redis: Redis, codes: Codes) -> None:
    workspace = await on(redis, "qr-code-agency-starter")
    found = await asyncio.gather(*(make(codes, workspace) for _ in range(16)), return_exceptions=True)
    assert sorted(map(outcome, found)) == ["active_codes"] * 6 + ["made"] * 10
    error = next(one for one in found if isinstance(one, NotInPlan))
    assert (error.kind, str(error)) == (
        "limit",
        "Plan 'starter' is capped at 10 active dynamic QRs. Disable one or upgrade.",
    )
    assert await codes.count(workspace) == 10
    # Paused ones are not active, and may be made.
    assert (await make(codes, workspace, status="paused")).status == "paused"


async def test_the_cap_also_holds_when_one_is_resumed(redis: Redis, codes: Codes) -> None:
    workspace = await on(redis, "qr-code-agency-starter")
    made = [await make(codes, workspace) for _ in range(7)]
    paused = [await make(codes, workspace, status="paused") for _ in range(8)]
    others = Codes(
        redis, own_hosts=OWN_HOSTS, usable=anywhere, resolver=Resolver(no_names), rng=random.Random(2), plans=presets()
    )
    resume = Edit(status="active")
    found = await asyncio.gather(
        *((codes, others)[n % 2].edit(workspace, code.id, resume) for n, code in enumerate(paused)),
        return_exceptions=True,
    )
    assert sorted(map(outcome, found)) == ["active_codes"] * 5 + ["made"] * 3
    # One that is active already can be told so, and edited; a new address along with it is no way around.
    assert (await codes.edit(workspace, made[0].id, resume)).status == "active"
    still = next(code for code, one in zip(paused, found, strict=True) if isinstance(one, NotInPlan))
    assert (await refused(codes.edit(workspace, still.id, Edit(status="active", slug="round")))).code == "active_codes"
    # Pausing or deleting makes room.
    await codes.edit(workspace, made[1].id, Edit(status="paused"))
    await codes.edit(workspace, still.id, resume)
    await codes.delete(workspace, made[2].id)
    await make(codes, workspace)
    assert (await refused(make(codes, workspace))).code == "active_codes"


async def test_what_was_there_before_the_plan_stays(redis: Redis, codes: Codes) -> None:
    workspace = await on(redis, "unlimited")
    variants = (NewVariant(url=HERE), NewVariant(url=HERE + "b"))
    made = [await make(codes, workspace, variants=variants) for _ in range(12)]
    await on(redis, "qr-code-agency-starter")
    assert (await codes.edit(workspace, made[0].id, Edit(label="x", status="active", variants=variants))).label == "x"
    assert (await refused(codes.edit(workspace, made[0].id, Edit(variants=variants[:1])))).code == "variants"
    assert (await codes.edit(workspace, made[0].id, Edit(variants=()))).variants == ()
    assert (await refused(make(codes, workspace))).code == "active_codes"


async def test_a_code_that_a_crash_left_unlisted_counts(redis: Redis) -> None:
    class Cut(Exception):
        pass

    async def cut(step: str) -> None:
        if step == "written":
            raise Cut

    workspace = await on(redis, "qr-code-agency-starter")
    codes = Codes(redis, resolver=Resolver(no_names), plans=presets())
    for _ in range(9):
        await make(codes, workspace)
    with pytest.raises(Cut):
        await make(Codes(redis, resolver=Resolver(no_names), step=cut, plans=presets()), workspace)
    assert await codes.count(workspace) == 9
    assert (await refused(make(codes, workspace))).code == "active_codes"
    await sweep(redis, older_than_ms=-1)
    assert await codes.count(workspace) == 10
    assert (await refused(make(codes, workspace))).code == "active_codes"


@pytest.mark.parametrize("step", ["intent", "written", "indexed"])
async def test_a_creation_that_was_cut_short_and_repeated_counts_once(redis: Redis, step: str) -> None:
    class Cut(Exception):
        pass

    async def cut(done: str) -> None:
        if done == step:
            raise Cut

    workspace = await on(redis, "openqr")
    codes = Codes(redis, resolver=Resolver(no_names), plans=presets())
    id = "5f0f3a0e-4d2f-4b3d-9a3b-6c1d6f1c2f11"
    with pytest.raises(Cut):
        await make(Codes(redis, resolver=Resolver(no_names), step=cut, plans=presets()), workspace, id=id)
    await make(codes, workspace, id=id)
    made = [await make(codes, workspace) for _ in range(18)]
    # What was begun and never written counts for its hour all the same.
    found = [outcome(one) for one in await asyncio.gather(make(codes, workspace), return_exceptions=True)]
    assert len(made) == 18 and found == (["creations_per_hour"] if step == "intent" else ["made"])


async def test_one_edit_of_the_destination(redis: Redis, codes: Codes) -> None:
    workspace = await on(redis, "qr-code-agency-free")
    code = await make(codes, workspace)
    edits = (codes.edit(workspace, code.id, Edit(destination=f"{HERE}/{n}")) for n in range(8))
    found = await asyncio.gather(*edits, return_exceptions=True)
    assert sorted(map(outcome, found)) == ["destination_edits"] * 7 + ["made"]
    error = next(one for one in found if isinstance(one, NotInPlan))
    assert error.kind == "limit" and str(error) == (
        "Plan 'free' allows 1 destination edit per dynamic QR. This QR has been edited 1 time(s) already. Upgrade to "
        "Starter ($7/mo) or higher for unlimited edits, or buy a credit pack."
    )
    now = await codes.get(workspace, code.id)
    assert now is not None and now.destination_changes == 1
    # The same destination again is no edit of it, and everything else may change.
    assert (await codes.edit(workspace, code.id, Edit(destination=now.destination, label="x"))).label == "x"


WAYS: list[dict[str, Any]] = [
    {"rules": (NewRule(when=Conditions(country=("GB",)), to=HERE + "b"),)},
    {"rules": (NewRule(when=Conditions(query={"x": ()}, match="any"), to=HERE + "c"),)},
    {"expired_destination": HERE + "b", "expires_at_ms": 1},
    {"apps": Apps(ios="https://apps.example.com/x")},
]


@pytest.mark.parametrize("way", WAYS)
async def test_no_other_way_around_the_one_edit(redis: Redis, codes: Codes, way: dict[str, Any]) -> None:
    workspace = await on(redis, "qr-code-agency-free")
    code = await make(codes, workspace)
    await codes.edit(workspace, code.id, Edit(destination=HERE + "2"))
    assert (await refused(codes.edit(workspace, code.id, Edit(**way)))).code == "destination_edits"
    # It is one edit, too; and the count of destinations that APIs show stays what it is.
    other = await make(codes, workspace)
    edited = await codes.edit(workspace, other.id, Edit(**way))
    assert (edited.destination_changes, edited.other_changes) == (0, 1)
    assert (await codes.edit(workspace, other.id, Edit(label="x"))).other_changes == 1
    assert (await refused(codes.edit(workspace, other.id, Edit(destination=HERE + "2")))).code == "destination_edits"
    for later in WAYS:
        if later is not way:
            assert (await refused(codes.edit(workspace, other.id, Edit(**later)))).code == "destination_edits"


async def test_what_was_prepared_is_no_way_around_either(redis: Redis, codes: Codes) -> None:
    workspace = await on(redis, "qr-code-agency-free")
    rule = NewRule(when=Conditions(country=("GB",)), to=HERE + "b", active=False)
    code = await make(codes, workspace, rules=(rule,), expired_destination=HERE + "c")
    await codes.edit(workspace, code.id, Edit(rules=(msgspec.structs.replace(rule, active=True),)))
    assert (await refused(codes.edit(workspace, code.id, Edit(expires_at_ms=1)))).code == "destination_edits"


@pytest.mark.parametrize(
    ("plan", "fields", "code"),
    [
        ("qr-code-agency-free", {"variants": (NewVariant(url=HERE),)}, "variants"),
        ("qr-code-agency-starter", {"variants": (NewVariant(url=HERE),)}, "variants"),
        ("qr-code-agency-pro", {"variants": (NewVariant(url=HERE),)}, None),
        ("qr-code-agency-pro", {"host": "qr.example.net"}, "custom_domains"),
        ("qr-code-agency-agency", {"host": "qr.example.net"}, None),
        ("qravio-free", {"type": "text", "content": {"text": "x"}, "destination": ""}, "types"),
        ("qravio-pro", {"type": "text", "content": {"text": "x"}, "destination": ""}, "types"),
        ("qravio-free", {"type": "url"}, None),
        ("qravio-starter", {"type": "website"}, None),
        ("exaroutes", {"type": "text", "content": {"text": "x"}, "destination": ""}, None),
    ],
)
async def test_what_a_plan_has(redis: Redis, codes: Codes, plan: str, fields: dict[str, Any], code: str | None) -> None:
    workspace = await on(redis, plan)
    if code is None:
        await make(codes, workspace, **fields)
        return
    error = await refused(make(codes, workspace, **fields))
    assert (error.kind, error.code) == ("feature", code)
    fields.pop("destination", None)
    plain = await make(codes, workspace)
    assert (await refused(codes.edit(workspace, plain.id, Edit(**fields)))).code == code
    assert await codes.get(workspace, plain.id) == plain


async def test_so_many_codes_at_all(redis: Redis, codes: Codes, plans: dict[str, Plan], tmp_path: Path) -> None:
    path = tmp_path / "plans.toml"
    path.write_text("[plan.small]\ncodes = 3")
    plans.update(known(path))
    workspace = await on(redis, "small")
    found = await asyncio.gather(*(make(codes, workspace, status="paused") for _ in range(9)), return_exceptions=True)
    assert sorted(map(outcome, found)) == ["codes"] * 6 + ["made"] * 3


async def test_plans_belong_to_who_was_given_them(redis: Redis, codes: Codes, tmp_path: Path) -> None:
    """Two in one process may know different ones; a plan that is not known limits nothing."""
    path = tmp_path / "plans.toml"
    path.write_text("[plan.tiny]\ncodes = 1")
    workspace = await on(redis, "tiny")
    bound = Codes(redis, own_hosts=("s.example.net",), plans=known(path))
    await bound.create(workspace, NewCode(destination=HERE, status="paused"))
    assert await refused(bound.create(workspace, NewCode(destination=HERE, status="paused")))
    assert await make(codes, workspace, status="paused")


async def test_a_month_is_counted_exactly(redis: Redis) -> None:
    async def take(at: datetime = NOW) -> quotas.Quota:
        return await quotas.take(redis, 1, "calls", "month", 10, at)

    found = await asyncio.gather(*(take() for _ in range(25)))
    assert sorted(one.remaining for one in found if one.allowed) == list(range(10))
    assert {one.remaining for one in found if not one.allowed} == {0}
    assert {one.reset_at for one in found} == {round(datetime(2026, 6, 1, tzinfo=UTC).timestamp())}
    assert quotas.month_end(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


async def test_an_hour_slides(redis: Redis) -> None:
    async def take(minutes: float) -> quotas.Quota:
        return await quotas.take(redis, 1, "makes", "hour", 3, NOW + timedelta(minutes=minutes))

    assert [(await take(at)).allowed for at in (0, 20, 40, 59)] == [True, True, True, False]
    full = await take(59.5)
    assert full.reset_at == round((NOW + timedelta(hours=1)).timestamp())
    assert (await take(60)).allowed
    assert [(await take(at)).allowed for at in (60.5, 79.9, 80, 80.1)] == [False, False, True, False]
    given_back = await take(100)
    await quotas.give_back(redis, 1, "makes", given_back)
    assert (await take(100)).allowed
