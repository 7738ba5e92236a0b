"""Reports: saved questions of a workspace, each replaced as a whole, and no more than the plan keeps."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes import reports
from codes.errors import Missing, NotInPlan, Refused
from codes.plans import Plans, presets
from codes.reports import MAX_QUERY_BYTES
from tests.codes.conftest import OwnPlan

QUERY = {"metrics": ["scans"], "date_range": "7d"}


async def test_made_replaced_listed_deleted(redis: Redis) -> None:
    one = await reports.create(redis, 1, "One", QUERY, now_ms=lambda: 1, plans=presets())
    two = await reports.create(redis, 1, "One", QUERY, now_ms=lambda: 2, plans=presets())
    assert await reports.list_reports(redis, 1) == [one, two]
    assert await reports.list_reports(redis, 2) == []
    renamed = await reports.replace(redis, 1, one.id, name="Two", now_ms=lambda: 3)
    assert (renamed.name, renamed.query, renamed.created_at_ms, renamed.updated_at_ms) == ("Two", QUERY, 1, 3)
    asked = await reports.replace(redis, 1, one.id, query={"metrics": ["visitors"]}, now_ms=lambda: 4)
    assert (asked.name, asked.query) == ("Two", {"metrics": ["visitors"]})
    # What changes nothing leaves no trace.
    assert await reports.replace(redis, 1, one.id, name="Two", now_ms=lambda: 5) == asked
    assert await reports.get(redis, 1, one.id) == asked
    assert await reports.delete(redis, 1, one.id) and not await reports.delete(redis, 1, one.id)
    for workspace, id in ((1, one.id), (2, two.id)):
        with pytest.raises(Missing):
            await reports.replace(redis, workspace, id, name="x")


async def test_edits_at_once_are_all_kept(redis: Redis) -> None:
    report = await reports.create(redis, 1, "One", QUERY, plans=presets())
    await asyncio.gather(
        reports.replace(redis, 1, report.id, name="Two"),
        reports.replace(redis, 1, report.id, query={"metrics": ["visitors"]}),
    )
    found = await reports.get(redis, 1, report.id)
    assert found is not None and (found.name, found.query) == ("Two", {"metrics": ["visitors"]})


async def test_under_an_id_it_is_made_once(redis: Redis) -> None:
    id = "5f0f3a0e-4d2f-4b3d-9a3b-6c1d6f1c2f11"
    made = await asyncio.gather(*(reports.create(redis, 1, "One", QUERY, id=id, plans=presets()) for _ in range(5)))
    assert len(set(map(str, made))) == 1 and await reports.list_reports(redis, 1) == [made[0]]


async def test_there_can_be_too_many(redis: Redis, own_plan: OwnPlan, plans: Plans) -> None:
    workspace = await own_plan("reports = 3")
    made = await asyncio.gather(
        *(reports.create(redis, workspace, str(n), QUERY, plans=plans) for n in range(8)), return_exceptions=True
    )
    assert [one.code for one in made if isinstance(one, NotInPlan)] == ["reports"] * 5
    assert len(await reports.list_reports(redis, workspace)) == 3


@pytest.mark.parametrize("name", ["", " ", " a", "a" * 101, "a\nb"])
async def test_names_that_are_refused(redis: Redis, name: str) -> None:
    with pytest.raises(Refused) as refused:
        await reports.create(redis, 1, name, QUERY, plans=presets())
    assert refused.value.field == "name"


async def test_a_query_has_a_bound(redis: Redis) -> None:
    with pytest.raises(Refused) as refused:
        await reports.create(redis, 1, "One", {"filters": ["x" * MAX_QUERY_BYTES]}, plans=presets())
    assert refused.value.field == "query"
