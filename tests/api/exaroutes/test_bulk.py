"""Each promise of ExaRoutes' page about bulks. The quoted lines are the page's own."""

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from api import picture_archive
from api.dialects.exaroutes import bulk_archive, bulk_worker
from codes import replication
from codes.errors import Unavailable
from codes.jobs import Jobs
from codes.replication import Replication
from codes.workspaces import ensure_workspace
from schemas import keys
from tests.api.exaroutes.calls import CODES, URL, error, read
from tests.api.service import Service

BULK = f"{CODES}/bulk"

Item = dict[str, Any]


@asynccontextmanager
async def worker(api: Service) -> AsyncIterator[None]:
    """What the API's process does beside answering."""
    stop = asyncio.Event()
    task = asyncio.create_task(bulk_worker.run(api.context, stop, poll_s=0.01))
    try:
        yield
    finally:
        stop.set()
        await task


async def ask(api: Service, items: list[Any]) -> str:
    response = await api.client.post(BULK, json=items)
    assert response.status_code == 202, response.text
    assert list(response.json()) == ["bulkId"]
    id: str = response.json()["bulkId"]
    return id


async def done(api: Service, id: str, patience_s: float = 30) -> Item:
    async with asyncio.timeout(patience_s):
        while True:
            found: Item = (await api.client.get(f"{BULK}/{id}")).json()
            if found["status"] == "done":
                return found
            await asyncio.sleep(0.02)


async def fetch(api: Service, id: str) -> zipfile.ZipFile:
    response = await api.client.get(f"{BULK}/{id}/result")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/zip")
    found = zipfile.ZipFile(io.BytesIO(response.content))
    assert found.testzip() is None
    return found


def manifest(found: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.read("manifest.csv").decode(), newline="")))


async def test_bulk_is_asynchronous(api: Service) -> None:
    """Bulk creation is asynchronous. The response is a bulkId. Poll its status"""
    id = await ask(api, [{"data": f"{URL}/a"}, {"data": f"{URL}/b"}])
    waiting = {"bulkId": id, "status": "queued", "total": 2, "completed": 0, "failed": 0}
    assert (await api.client.get(f"{BULK}/{id}")).json() == waiting
    assert error(await api.client.get(f"{BULK}/{id}/result")) == (409, None)
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 0
    async with worker(api):
        assert await done(api, id) == waiting | {"status": "done", "completed": 2}


async def test_the_archive(api: Service) -> None:
    """When the job is done, download the result archive once"""
    items: list[Any] = [{"data": f"{URL}/{at}"} for at in range(4)]
    items[1] |= {"returnType": "svg"}
    items[2] |= {"dataType": "phone", "data": "+441234567"}
    items[3] |= {"color": "#102030"}
    id = await ask(api, items)
    async with worker(api):
        await done(api, id)
    found = await fetch(api, id)
    listed = {code["id"]: code for code in (await api.client.get(CODES)).json()["data"]}
    lines = manifest(found)
    assert [line["index"] for line in lines] == ["0", "1", "2", "3"]
    assert {line["status"] for line in lines} == {"created"}
    assert sorted(found.namelist()) == sorted(["manifest.csv", *(line["file"] for line in lines)])
    for line, item in zip(lines, items, strict=True):
        code = listed[line["id"]]
        assert line["redirectUrl"] == code["redirectUrl"]
        assert line["data"].removeprefix("'") == item["data"]
        assert line["file"] == f"{code['id']}.{item.get('returnType', 'png')}"
        image = await api.client.get(f"{CODES}/{code['id']}/image")
        assert found.read(line["file"]) == image.content
    assert read(found.read(lines[0]["file"])) == lines[0]["redirectUrl"]
    assert listed[lines[2]["id"]]["destination"] == "tel:+441234567"


async def test_one_shot(api: Service) -> None:
    """The result is a one-shot download; it is removed after the first successful fetch."""
    id = await ask(api, [{"data": URL}])
    async with worker(api):
        await done(api, id)
    # Asking whether it is there is not fetching it.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url="http://x") as client:
        client.headers["Authorization"] = api.client.headers["Authorization"]
        head = await client.head(f"{BULK}/{id}/result")
    assert (head.status_code, head.content) == (200, b"")
    assert len((await fetch(api, id)).namelist()) == 2
    assert error(await api.client.get(f"{BULK}/{id}/result")) == (410, None)
    assert (await api.client.get(f"{BULK}/{id}")).json()["status"] == "done"
    assert await api.redis.keys(f"*{id}*") == [keys.job(id).encode()]
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 1


async def test_bad_items_do_not_hold_up_the_others(api: Service) -> None:
    """a line for each bad item"""
    items: list[Any] = [
        {"data": URL},
        {"data": "https://internal.example.com/"},
        {"dataType": "url"},
        "text",
        {"data": "x", "dataType": "wifi"},
        {"data": URL, "errorCorrection": "Z"},
        None,
        {"data": URL, "color": "#fefefe"},
    ]
    id = await ask(api, items)
    async with worker(api):
        found = await done(api, id)
    assert (found["total"], found["completed"], found["failed"]) == (8, 1, 7)
    lines = manifest(await fetch(api, id))
    assert [line["status"] for line in lines] == ["created", *["failed"] * 7]
    fields = [line["field"] for line in lines]
    assert fields[:6] == ["", "data", "data", "body", "data", "errorCorrection"]
    assert all(line["error"] and line["message"] for line in lines[1:])
    assert not any(line["file"] or line["id"] for line in lines[1:])
    assert lines[3]["data"] == "text"
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 1


async def test_items_are_checked_before_they_are_kept(api: Service) -> None:
    """Twenty bulks of 4 MB that were wholly invalid grew Redis by 93 MB."""
    before = (await api.redis.info("memory"))["used_memory"]
    wrong = [{"data": "x" * 4_000, "dataType": "url"} for _ in range(900)]
    for _ in range(5):
        id = await ask(api, wrong)
        assert (await api.client.get(f"{BULK}/{id}")).json()["failed"] == 900
    grown = (await api.redis.info("memory"))["used_memory"] - before
    assert grown < 4 << 20, f"{grown:,}"


async def test_nothing_is_kept_that_is_ignored(api: Service) -> None:
    items: list[Any] = [
        {"data": URL, "password": "hunter22", "note": "hunter22"},
        {"password": "hunter22"},
        {"dataType": "wifi", "data": {"network_name": "", "encryption": "?", "password": "hunter22"}},
        {"dataType": "wifi", "data": "WIFI:T:?;S:Cafe;P:hunter22;;"},
        {"dataType": "wifi", "data": [{"password": "hunter22"}]},
        {"dataType": "url", "data": "WIFI:P:hunter22;S:Cafe;;"},
    ]
    id = await ask(api, items)
    kept = repr(await api.redis.hgetall(keys.job_items(id)))
    assert URL in kept and "hunter22" not in kept


async def test_a_workspace_has_so_many_bulks(api: Service) -> None:
    workspace = (await ensure_workspace(api.redis, "ours")).number
    await api.redis.hset(keys.workspace_jobs(workspace), mapping={str(n): 1 for n in range(100)})
    for n in range(100):
        await api.redis.hset(keys.job_items(str(n)), "0", "x")
    response = await api.client.post(BULK, json=[{"data": URL}])
    assert error(response) == (429, None) and response.headers["retry-after"] == "30"
    stranger = await api.caller("theirs")
    assert (await stranger.post(BULK, json=[{"data": URL}])).status_code == 202
    await stranger.aclose()


async def test_an_archive_of_nothing_but_bad_items(api: Service) -> None:
    id = await ask(api, [{}])
    async with worker(api):
        assert (await done(api, id))["failed"] == 1
    assert (await fetch(api, id)).namelist() == ["manifest.csv"]


@pytest.mark.parametrize("items", [[], [{"data": URL}] * 1001, {"items": [{"data": URL}]}, "text", None])
async def test_one_to_a_thousand_items(api: Service, items: Any) -> None:
    """[ { "data": … }, { "data": … } ]"""
    assert error(await api.client.post(BULK, json=items)) == (400, "body")
    assert not await Jobs(api.redis, plans=api.plans).waiting()


async def test_bulks_of_others(api: Service) -> None:
    id = await ask(api, [{"data": URL}])
    stranger = await api.caller("theirs")
    for path in (f"{BULK}/{id}", f"{BULK}/{id}/result", f"{BULK}/nothing", f"{BULK}/nothing/result"):
        assert error(await stranger.get(path)) == (404, None)
    await stranger.aclose()
    reader = await api.caller(scope="read")
    assert (await reader.get(f"{BULK}/{id}")).status_code == 200
    # To fetch it is to remove it.
    assert error(await reader.get(f"{BULK}/{id}/result")) == (403, None)
    await reader.aclose()


async def test_two_workers_make_each_code_once(api: Service) -> None:
    ids = [await ask(api, [{"data": f"{URL}/{bulk}/{at}"} for at in range(30)]) for bulk in range(3)]
    async with worker(api), worker(api):
        for id in ids:
            assert (await done(api, id))["completed"] == 30
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 90


async def test_an_item_that_was_made_and_not_recorded_is_not_made_again(api: Service) -> None:
    """A worker was killed between the two."""
    items = [{"data": f"{URL}/{at}"} for at in range(5)]
    id = await ask(api, items)
    job = await Jobs(api.redis, plans=api.plans).get(id)
    assert job is not None
    raw = dict(await Jobs(api.redis, plans=api.plans).pending(job, 10))
    lost = [await bulk_worker.create_item(api.context, job, at, raw[at]) for at in (1, 3)]
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 2
    async with worker(api):
        await done(api, id)
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 5
    outcomes = {at: result for at, _, result in await Jobs(api.redis, plans=api.plans).outcomes(job, range(5))}
    assert [outcomes[1], outcomes[3]] == lost


async def test_an_item_that_no_replica_has_is_left_for_later(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await ask(api, [{"data": URL}])
    jobs = Jobs(api.redis, plans=api.plans)
    job = await jobs.get(id)
    assert job is not None
    ((at, raw),) = await jobs.pending(job, 10)
    monkeypatch.setattr(replication, "WAIT_MS", 1)
    unconfirmed = msgspec.structs.replace(api.context, replication=Replication(api.redis, 1))
    with pytest.raises(Unavailable):
        await bulk_worker.create_item(unconfirmed, job, at, raw)
    async with worker(api):
        assert (await done(api, id))["completed"] == 1
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 1


async def test_a_huge_bulk_does_not_hold_up_a_small_one_or_the_api(api: Service) -> None:
    """Jobs take turns, and none takes all of the process."""
    huge = await ask(api, [{"data": f"{URL}/{at}"} for at in range(600)])
    also = await ask(api, [{"data": f"{URL}/{at}"} for at in range(600)])
    small = await ask(api, [{"data": URL}] * 3)
    async with worker(api):
        while (await api.client.get(f"{BULK}/{small}")).json()["status"] != "done":
            assert (await api.client.post(CODES, json={"data": URL})).status_code == 201
        for busy in (huge, also):
            found = (await api.client.get(f"{BULK}/{busy}")).json()
            assert found["completed"] < 300, "the small one has waited for the huge ones"


async def test_a_worker_stops_between_items(api: Service) -> None:
    """What is under way is finished, the rest is another's."""
    id = await ask(api, [{"data": f"{URL}/{at}"} for at in range(200)])
    async with worker(api):
        while (await api.client.get(f"{BULK}/{id}")).json()["completed"] < 5:
            pass
    left = (await api.client.get(f"{BULK}/{id}")).json()
    assert left["status"] == "processing" and left["completed"] < 200
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == left["completed"]
    # Its lease was given up, and not left to run out.
    async with worker(api):
        assert (await done(api, id))["completed"] == 200
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 200


@pytest.mark.parametrize(
    ("data", "cell"),
    [
        ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
        ("+441234", "'+441234"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        (" =1", "' =1"),
        ("plain, with \"quotes\"\nand lines", "plain, with \"quotes\"\nand lines"),
        (URL, URL),
    ],
)  # fmt: skip
def test_a_manifest_has_no_formulas(data: str, cell: str) -> None:
    text = picture_archive.manifest(bulk_archive.COLUMNS, [["0", "failed", "", "", "", data, "", "", ""]]).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["data"] == cell


async def test_a_bulk_of_texts_like_formulas(api: Service) -> None:
    id = await ask(api, [{"data": "=1+1", "dataType": "text"}, {"data": "=cmd|' /C calc'!A0"}])
    async with worker(api):
        await done(api, id)
    lines = manifest(await fetch(api, id))
    assert [line["data"] for line in lines] == ["'=1+1", "'=cmd|' /C calc'!A0"]


class Deaf(httpx.AsyncBaseTransport):
    """A client that hangs up after so many bytes of an answer."""

    def __init__(self, app: Any, after: int) -> None:
        self.app, self.after = app, after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        gone = asyncio.Event()
        body, status = b"", 0
        sent = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if sent:
                return sent.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal body, status
            status = message.get("status", status)
            body += message.get("body", b"")
            if len(body) >= self.after:
                gone.set()
            # As the server does, which throws away what is sent to nobody.
            await asyncio.sleep(0)

        scope = {
            "type": "http",
            "method": "GET",
            "path": request.url.path,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 1),
            "raw_path": request.url.raw_path,
            "root_path": "",
            "scheme": "http",
            "server": ("x", 80),
        }
        await self.app(scope, receive, send)
        return httpx.Response(status, content=body)


async def test_a_download_that_was_cut_off_can_be_repeated(api: Service) -> None:
    """it is removed after the first successful fetch"""
    id = await ask(api, [{"data": f"{URL}/{at}"} for at in range(6)])
    async with worker(api):
        await done(api, id)
    headers = {"Authorization": api.client.headers["Authorization"]}
    whole = 0
    for after in (1, 3_000, 6_000):
        async with httpx.AsyncClient(transport=Deaf(api.app, after), base_url="http://x", headers=headers) as deaf:
            cut = await deaf.get(f"{BULK}/{id}/result")
        assert cut.status_code == 200
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(cut.content))
        whole = max(whole, len(cut.content))
    assert len((await fetch(api, id)).namelist()) == 7
    assert error(await api.client.get(f"{BULK}/{id}/result")) == (410, None)


async def test_of_two_downloads_at_once_one_is_whole(api: Service) -> None:
    """a one-shot download"""
    id = await ask(api, [{"data": f"{URL}/{at}"} for at in range(6)])
    async with worker(api):
        await done(api, id)

    async def attempt() -> bool:
        headers = {"Authorization": api.client.headers["Authorization"]}
        async with httpx.AsyncClient(transport=Deaf(api.app, 1 << 30), base_url="http://x", headers=headers) as client:
            response = await client.get(f"{BULK}/{id}/result")
        return response.status_code == 200 and zipfile.is_zipfile(io.BytesIO(response.content))

    assert sum(await asyncio.gather(*(attempt() for _ in range(3)))) == 1
