"""codes: what is kept of a code whose rows stay after it was deleted."""

import time

import pytest
from redis.asyncio import Redis

from codes import deleted_codes
from codes.code_fields import Edit, NewCode
from codes.conditions import parse
from codes.service import Codes
from codes.sweep import sweep
from codes.variants import NewRule, NewVariant
from schemas import keys
from schemas.code import DeletedCode
from schemas.scan_options import Former
from tests.codes.crashing import KilledHere, crashing

HERE = "https://example.com/here"
A, B, C = (f"https://example.com/{letter}" for letter in "abc")


def in_a_year() -> int:
    return time.time_ns() // 1_000_000 + 365 * 86_400_000


async def test_a_code_whose_rows_stay_is_found_by_its_slug_until_they_go(codes: Codes, redis: Redis) -> None:
    code = await codes.create(1, NewCode(destination=HERE, slug="menu", label="Menu"))
    await codes.edit(1, code.id, Edit(variants=(NewVariant(url=A, label="A"), NewVariant(url=B))))
    await codes.edit(1, code.id, Edit(variants=(NewVariant(url=A, label="A"),)))
    await codes.edit(1, code.id, Edit(rules=(NewRule(when=parse({"country": "GB"}, "if"), to=C),)))
    until = in_a_year()
    assert await deleted_codes.find(redis, 1, "menu", 0) is None
    await codes.delete(1, code.id, keep_until_ms=until)
    found = await deleted_codes.find(redis, 1, "menu", until - 1)
    assert found is not None
    assert (found.birth, found.label, found.rules) == (code.birth, "Menu", ("c",))
    assert [(one.key, one.url, one.label) for one in found.variants] == [("a", A, "A")]
    assert [(one.key, one.url, one.rule) for one in found.former] == [("b", B, False)]
    assert await deleted_codes.find(redis, 1, "menu", until) is None
    assert await deleted_codes.find(redis, 2, "menu", 0) is None
    assert 0 < await redis.pttl(keys.deleted_code(1, "menu")) <= 366 * 86_400_000


async def test_a_code_whose_rows_go_leaves_nothing(codes: Codes, redis: Redis) -> None:
    code = await codes.create(1, NewCode(destination=HERE, slug="menu"))
    await codes.delete(1, code.id)
    assert await deleted_codes.find(redis, 1, "menu", 0) is None


async def test_the_latest_code_of_a_slug_is_the_one_that_is_kept(codes: Codes, redis: Redis) -> None:
    until = in_a_year()
    numbers = []
    for _ in range(2):
        code = await codes.create(1, NewCode(destination=HERE, slug="menu"))
        numbers.append(code.number)
        await codes.delete(1, code.id, keep_until_ms=until)
    found = await deleted_codes.find(redis, 1, "menu", 0)
    assert found is not None and found.number == numbers[1]
    # A deletion that was cut short may be settled later than the next one.
    older = DeletedCode(number=numbers[0], birth=1, workspace=1, slug="menu", keep_until_ms=until)
    assert await deleted_codes.store(redis, older) is False
    found = await deleted_codes.find(redis, 1, "menu", 0)
    assert found is not None and found.number == numbers[1]


@pytest.mark.parametrize("step", ["intent", "gone", "ordered", "unindexed"])
async def test_a_deletion_cut_short(codes: Codes, redis: Redis, step: str) -> None:
    code = await codes.create(1, NewCode(destination=HERE, slug="menu", label="Menu"))
    with pytest.raises(KilledHere):
        await crashing(redis, step).delete(1, code.id, keep_until_ms=in_a_year())
    await sweep(redis, older_than_ms=-1)
    found = await deleted_codes.find(redis, 1, "menu", 0)
    assert (found.label if found else None) == (None if step == "intent" else "Menu")


async def test_who_erases_first_leaves_nothing_to_a_later_deletion(codes: Codes, redis: Redis) -> None:
    code = await codes.create(1, NewCode(destination=HERE, slug="menu"))
    with pytest.raises(KilledHere):
        await crashing(redis, "intent").delete(1, code.id, keep_until_ms=in_a_year())
    await codes.delete(1, code.id)
    await sweep(redis, older_than_ms=-1)
    assert await deleted_codes.find(redis, 1, "menu", 0) is None


async def test_what_a_rule_was_is_remembered_as_that(codes: Codes) -> None:
    code = await codes.create(1, NewCode(destination=HERE, rules=(NewRule(when=parse({"country": "GB"}, "if"), to=C),)))
    code = await codes.edit(1, code.id, Edit(rules=(), variants=(NewVariant(url=A), NewVariant(url=B))))
    code = await codes.edit(1, code.id, Edit(variants=()))
    assert {(one.url, one.rule) for one in code.former} == {(A, False), (B, False), (C, True)}
    assert all(isinstance(one, Former) for one in code.former)


async def test_lists_by_position(codes: Codes) -> None:
    made = [await codes.create(1, NewCode(destination=HERE)) for _ in range(5)]
    await codes.create(2, NewCode(destination=HERE))
    newest = made[::-1]
    assert await codes.part(1, 0, 2) == newest[:2]
    assert await codes.part(1, 4, 2) == newest[4:]
    assert await codes.part(1, 5, 2) == []
    assert (await codes.count(1), await codes.count(3)) == (5, 0)


async def test_a_destination_that_was_one_of_several_has_a_name_too(codes: Codes) -> None:
    two = (NewVariant(url=A, label="A"), NewVariant(url=B, label="B"))
    code = await codes.create(1, NewCode(destination=HERE, variants=two))
    code = await codes.edit(1, code.id, Edit(destination=B, variants=(), sole=NewVariant(url=B, label="B")))
    left = deleted_codes.metadata_of(code, 1)
    assert left.variants == ()
    assert {(one.key, one.url, one.label) for one in left.former} == {("a", A, "A"), ("b", B, "B")}
