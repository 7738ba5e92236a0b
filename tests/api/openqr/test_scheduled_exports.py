"""/v1/exports: one file for each day, week or month, whole and once, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet
import pytest

from api.app import create_app
from api.export_worker import run, write_due
from codes.errors import Unavailable
from codes.export_targets import BucketTarget, ExportTarget, FolderTarget
from codes.workspaces import ensure_workspace
from infra import s3
from schemas import keys
from tests.api.service import NOW, Body, Service
from tests.servers import bucket

# NOW is 2026-05-21, 15:00:00.250 UTC.
NIGHTLY: Body = {
    "name": "Every night",
    "schedule": {"every": "day", "hour": 3, "timezone": "Europe/Berlin"},
    "format": "parquet",
}


@pytest.fixture
async def api(api: Service) -> AsyncIterator[Service]:
    """In a workspace of the test's own: tests share the warehouse."""
    ours, api.client = api.client, await api.caller("scheduling")
    yield api
    await api.client.aclose()
    api.client = ours


async def scanned(api: Service, *ago: timedelta, **fields: Any) -> None:
    code = await api.make()
    workspace = (await ensure_workspace(api.redis, "scheduling")).number
    found = await api.codes.get(workspace, code["id"])
    assert found is not None
    api.stored(
        found.birth, tuple({"workspace": workspace, "days_ago": one / timedelta(days=1), **fields} for one in ago)
    )


async def made(api: Service, **fields: Any) -> Body:
    response = await api.client.post("/v1/exports", json={**NIGHTLY, **fields})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def read(api: Service, id: str) -> Body:
    found: Body = (await api.client.get(f"/v1/exports/{id}")).json()
    return found


async def runs(api: Service, id: str) -> dict[str, Body]:
    found = (await api.client.get(f"/v1/exports/{id}/runs")).json()["runs"]
    return {run["period"]: run for run in found}


def folder(api: Service) -> Path:
    return Path(api.uploads.name) / "exports"


def files(api: Service) -> dict[str, int]:
    """Name → rows."""
    return {path.name: pyarrow.parquet.read_table(path).num_rows for path in folder(api).glob("*/*/*.parquet")}


async def work(api: Service, until: datetime, target: ExportTarget | None = None) -> None:
    """Let the worker work as the clock goes on, an hour at a time."""
    while api.clock.now < until:
        api.clock.pass_by(hours=1)
        while await write_due(api.context, target or FolderTarget(folder(api))):
            pass


async def test_each_finished_day_of_the_zone_becomes_one_file(api: Service) -> None:
    # Midnight in Berlin is 22:00 UTC, and NOW 15:00.
    await scanned(api, timedelta(hours=18), timedelta(hours=16), timedelta(hours=1), timedelta(hours=-8))
    export = await made(api)
    assert (export["next_period"], export["next_run_at"]) == ("2026-05-21", "2026-05-22T01:00:00Z")
    await work(api, NOW + timedelta(hours=9))
    assert files(api) == {}
    await work(api, NOW + timedelta(days=2))
    assert files(api) == {"scans-2026-05-21.parquet": 2, "scans-2026-05-22.parquet": 1}
    (run,) = [run for period, run in (await runs(api, export["id"])).items() if period == "2026-05-21"]
    assert (run["state"], run["rows"], run["error"]) == ("done", 2, "")
    assert (folder(api) / run["file"]).stat().st_size == run["bytes"]
    again = await read(api, export["id"])
    assert (again["next_period"], again["last_run"]["period"]) == ("2026-05-23", "2026-05-22")


async def test_weeks_and_months_are_whole(api: Service) -> None:
    await scanned(api, timedelta(days=-1), timedelta(days=-5), timedelta(days=-12))
    await made(api, schedule={"every": "week", "weekday": 2, "hour": 6, "timezone": "UTC"})
    await made(api, schedule={"every": "month", "day": 1, "timezone": "UTC"})
    await work(api, NOW + timedelta(days=12))
    assert files(api) == {"scans-2026-W21.parquet": 1, "scans-2026-W22.parquet": 1, "scans-2026-05.parquet": 2}


async def test_a_day_waits_until_all_its_scans_are_stored(api: Service) -> None:
    export = await made(api, schedule={"every": "day"})
    held = api.clock.ms()
    api.complete_until_ms = lambda: held
    await work(api, NOW + timedelta(days=1))
    (run,) = (await runs(api, export["id"])).values()
    assert (run["period"], run["state"]) == ("2026-05-21", "waiting")
    assert run["error"] == "complete_until is 2026-05-21T15:00:00Z"
    api.complete_until_ms = lambda: None
    await work(api, api.clock.now + timedelta(hours=1))
    assert (await runs(api, export["id"]))["2026-05-21"]["error"] == "complete_until is not known now"
    # What was late is in the file.
    await scanned(api, timedelta(hours=-2))
    api.complete_until_ms = api.clock.ms
    await work(api, api.clock.now + timedelta(hours=1))
    assert files(api) == {"scans-2026-05-21.parquet": 1}


class Failing(FolderTarget):
    """Fails some times: before the file is there, or after."""

    def __init__(self, path: Path, times: int, *, after: bool) -> None:
        super().__init__(path)
        self.times, self.after = times, after

    def put(self, key: str, draft: Path, media: str) -> None:
        if self.after:
            super().put(key, draft, media)
        if self.times:
            self.times -= 1
            raise OSError("no space left on device")
        if not self.after:
            super().put(key, draft, media)


@pytest.mark.parametrize("after", [False, True])
async def test_what_fails_is_tried_again_and_no_file_is_there_twice(api: Service, after: bool) -> None:
    export = await made(api, schedule={"every": "day"})
    target = Failing(folder(api), 2, after=after)
    api.clock.now = datetime(2026, 5, 22, 0, 0, 1, tzinfo=UTC)
    assert await write_due(api.context, target)
    run = (await runs(api, export["id"]))["2026-05-21"]
    assert (run["state"], run["error"]) == ("retrying", "no space left on device")
    assert (await read(api, export["id"]))["next_period"] == "2026-05-21"
    assert not await write_due(api.context, target)
    await work(api, api.clock.now + timedelta(hours=2), target)
    assert (await runs(api, export["id"]))["2026-05-21"]["state"] == "done"
    assert files(api) == {"scans-2026-05-21.parquet": 0}
    assert list((folder(api) / ".unfinished").iterdir()) == []


async def test_a_worker_that_dies_before_it_records_leaves_the_same_file(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scanned(api, timedelta(hours=1))
    export = await made(api, schedule={"every": "day"})
    api.clock.now = datetime(2026, 5, 22, 0, 0, 1, tzinfo=UTC)

    async def killed(*_: object) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr("codes.scheduled_exports.record", killed)
        with pytest.raises(Unavailable):
            await write_due(api.context, FolderTarget(folder(api)))
    assert files(api) == {"scans-2026-05-21.parquet": 1}
    assert (await read(api, export["id"]))["next_period"] == "2026-05-21"
    await work(api, api.clock.now + timedelta(hours=1))
    assert files(api) == {"scans-2026-05-21.parquet": 1}
    assert (await read(api, export["id"]))["next_period"] == "2026-05-22"


class Counting(FolderTarget):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.keys: list[str] = []
        self.four = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def put(self, key: str, draft: Path, media: str) -> None:
        super().put(key, draft, media)
        self.keys.append(key)
        if len(self.keys) == 4:
            self.loop.call_soon_threadsafe(self.four.set)


async def test_of_two_processes_one_writes(api: Service) -> None:
    await made(api, schedule={"every": "day"})
    api.clock.now = datetime(2026, 5, 25, 0, 0, 1, tzinfo=UTC)
    target, stop = Counting(folder(api)), asyncio.Event()
    context = msgspec.structs.replace(api.context, export_target=target)
    workers = [asyncio.create_task(run(context, stop, poll_s=0.01)) for _ in range(2)]
    async with asyncio.timeout(20):
        await target.four.wait()
    stop.set()
    await asyncio.gather(*workers)
    assert sorted(key[-18:-8] for key in target.keys) == [f"2026-05-2{day}" for day in range(1, 5)]
    assert await api.redis.exists(keys.EXPORTS_LEASE) == 0


async def test_a_bucket_takes_the_files(api: Service, tmp_path: Path) -> None:
    export = await made(api, schedule={"every": "day"}, format="csv")
    with bucket.serving("out") as (address, objects):
        target = BucketTarget(s3.bucket(address), tmp_path)
        await work(api, NOW + timedelta(days=1), target)
    ((path, body),) = objects.items()
    assert path.endswith(f"/{export['id']}/scans-2026-05-21.csv")
    assert body.startswith(b'"at","code",')
    assert list(tmp_path.rglob("*")) == [tmp_path / ".unfinished"]


async def test_a_saved_question_is_written_for_each_period(api: Service) -> None:
    await scanned(api, timedelta(hours=1), timedelta(hours=2), country="DE")
    question = {"metrics": ["scans"], "date_range": "28d", "dimensions": ["scan:country"]}
    report = (await api.client.post("/v1/reports", json={"name": "Countries", "query": question})).json()
    export = await made(api, report_id=report["id"], schedule={"every": "day"})
    assert (export["scans"], export["report_id"]) == (None, report["id"])
    await work(api, NOW + timedelta(days=1))
    (path,) = folder(api).glob("*/*/answer-2026-05-21.parquet")
    assert pyarrow.parquet.read_table(path).to_pylist() == [{"scan:country": "DE", "scans": 2}]
    # A question that is gone is said, and holds nothing up.
    await api.client.delete(f"/v1/reports/{report['id']}")
    await work(api, NOW + timedelta(days=2))
    run = (await runs(api, export["id"]))["2026-05-22"]
    assert (run["state"], run["error"]) == ("failed", "the saved question is gone")
    assert (await read(api, export["id"]))["next_period"] == "2026-05-23"


async def test_a_period_that_is_over_can_be_written_again(api: Service) -> None:
    await scanned(api, timedelta(days=3))
    export = await made(api, schedule={"every": "day"})
    asked = await api.client.post(f"/v1/exports/{export['id']}/runs", json={"day": "2026-05-18"})
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    await work(api, NOW + timedelta(hours=1))
    assert files(api) == {"scans-2026-05-18.parquet": 1}
    assert (await read(api, export["id"]))["next_period"] == "2026-05-21"
    for day, why in (("2026-05-21", "over"), ("yesterday", "date"), ("2026-13-01", "date")):
        refused = await api.client.post(f"/v1/exports/{export['id']}/runs", json={"day": day})
        assert refused.status_code == 400
        assert why in refused.json()["error"]["message"]


async def test_a_deleted_export_writes_nothing_more(api: Service) -> None:
    export = await made(api)
    assert (await api.client.delete(f"/v1/exports/{export['id']}")).json() == {"deleted": True}
    assert (await api.client.get("/v1/exports")).json() == {"exports": []}
    for path in ("", "/runs"):
        assert (await api.client.get(f"/v1/exports/{export['id']}{path}")).status_code == 404
    await work(api, NOW + timedelta(days=2))
    assert files(api) == {}
    assert (await api.client.delete(f"/v1/exports/{export['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"format": "xlsx"}, "format"),
        ({"schedule": {"every": "hour"}}, "schedule"),
        ({"schedule": {"every": "day", "hour": 24}}, "schedule"),
        ({"schedule": {"every": "day", "timezone": "Mars"}}, "schedule.timezone"),
        ({"scans": {"filters": [["is", "scan:nothing", ["a"]]]}}, "scans.filters[0][1]"),
        ({"scans": {"kinds": ["ghost"]}}, "scans.kinds[0]"),
        ({"report_id": "00000000-0000-4000-8000-000000000000"}, "report_id"),
        ({"report_id": "00000000-0000-4000-8000-000000000000", "scans": {}}, "report_id"),
        ({"name": ""}, "name"),
        ({"folder": "/etc"}, "folder"),
    ],
)
async def test_what_cannot_be_written_is_refused_with_the_field(api: Service, fields: Body, field: str) -> None:
    response = await api.client.post("/v1/exports", json={**NIGHTLY, **fields})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["field"].startswith(field)


async def test_a_plan_and_a_key_bound_them(api: Service) -> None:
    api.plans["unlimited"] = msgspec.structs.replace(api.plans["unlimited"], scheduled_exports=1)
    await made(api)
    refused = await api.client.post("/v1/exports", json=NIGHTLY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (402, "scheduled_exports")
    async with await api.caller("scheduling", "read") as reader:
        assert len((await reader.get("/v1/exports")).json()["exports"]) == 1
        assert (await reader.post("/v1/exports", json=NIGHTLY)).status_code == 403


async def test_a_deployment_without_a_folder_says_so(api: Service) -> None:
    api.app = create_app(msgspec.structs.replace(api.context, export_target=None))
    client = await api.caller("scheduling")
    response = await client.post("/v1/exports", json=NIGHTLY)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "no_exports")
    await client.aclose()
