"""Several workspaces: a greedy one takes nothing from another but its turn."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api import upload
from codes.plans import known
from codes.workspaces import ensure_workspace, set_plan
from tests.api.service import Service
from tests.codes.files import PNG


@pytest.fixture
def modest(api: Service, tmp_path: Path) -> str:
    path = tmp_path / "plans.toml"
    path.write_text("[plan.modest]\nqueued_pictures = 4\nqueued_questions = 4\n")
    api.plans.update(known(path))
    return "modest"


def picture(n: int) -> str:
    return f"/v1/qr?data=https://example.com/{n}"


async def test_a_greedy_workspace_does_not_keep_another_from_its_picture(api: Service) -> None:
    done: list[str] = []
    theirs = await api.caller("theirs", "read")
    greedy = await api.caller(scope="read")

    async def drawn(who: str, n: int) -> int:
        # Large ones, so that to draw them takes longer than to ask for them, however busy the machine is.
        answer = await (theirs if who == "theirs" else greedy).get(f"{picture(n)}&size=1600")
        done.append(who)
        return answer.status_code

    asked = [asyncio.create_task(drawn("greedy", n)) for n in range(20)]
    await asyncio.sleep(0.05)
    assert await drawn("theirs", 100) == 200
    # Those that were being drawn, and a few that were done before it was asked for: not the twenty that came first.
    assert done.count("greedy") < 15
    assert set(await asyncio.gather(*asked)) == {200}
    await theirs.aclose()
    await greedy.aclose()


async def test_pictures_that_may_not_wait_are_refused(api: Service, modest: str) -> None:
    await set_plan(api.redis, (await ensure_workspace(api.redis, "ours")).number, modest)
    answers = await asyncio.gather(*(api.client.get(picture(200 + n)) for n in range(12)))
    refused = [answer for answer in answers if answer.status_code != 200]
    # Two are drawn and four wait; one that is drawn before the last is asked for makes room.
    assert 0 < len(refused) <= 6
    assert {answer.json()["error"]["code"] for answer in refused} == {"too_many_waiting"}
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in refused} == {(429, "1")}


async def test_a_greedy_workspace_does_not_keep_another_from_its_answer(api: Service, modest: str) -> None:
    await set_plan(api.redis, (await ensure_workspace(api.redis, "ours")).number, modest)
    theirs = await api.caller("theirs")
    code = await api.make()
    other = (await theirs.post("/v1/dynamic", json={"destination": "https://example.com/"})).json()
    # The one thread is busy, and all of them wait.
    go = threading.Event()
    held = asyncio.create_task(api.questions.ask(lambda _: go.wait(20)))
    await asyncio.sleep(0.05)
    done: list[str] = []

    async def asked(who: str) -> int:
        client, id = (theirs, other["id"]) if who == "theirs" else (api.client, code["id"])
        answer = await client.get(f"/v1/dynamic/{id}/scans")
        done.append(who if answer.status_code == 200 else "refused")
        return answer.status_code

    greedy = [asyncio.create_task(asked("greedy")) for _ in range(20)]
    async with asyncio.timeout(20):
        while done.count("refused") < 16:  # noqa: ASYNC110 - they come one by one
            await asyncio.sleep(0.01)
    mine = asyncio.create_task(asked("theirs"))
    await asyncio.sleep(0.1)
    go.set()
    assert await mine == 200
    assert sorted(await asyncio.gather(*greedy)) == [200] * 4 + [429] * 16
    assert "theirs" in done[16:19]
    await held
    await theirs.aclose()


async def test_so_many_files_are_sent_at_once(api: Service) -> None:
    """Each is on the disk until it is kept."""
    gate, sending = asyncio.Event(), []

    async def slow() -> AsyncIterator[bytes]:
        sending.append(1)
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        await gate.wait()
        yield PNG + b"\r\n--x--\r\n"

    async def sent() -> int:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        return (await api.client.post("/v1/files", content=slow(), headers=form)).status_code

    most = upload.OWN_AT_ONCE + upload.MAX_WAITING
    tasks = [asyncio.create_task(sent()) for _ in range(most + 3)]
    async with asyncio.timeout(20):
        refused, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[assignment]
    assert next(task.result() for task in refused) == 429
    gate.set()
    statuses = await asyncio.gather(*tasks, *refused)
    assert sorted(statuses) == [201] * most + [429] * 3


async def test_a_year_of_one_key_does_not_keep_another_key_from_its_dashboard(api: Service) -> None:
    """In one workspace, and in another one: all of the year's questions were there first."""
    dashboard, theirs = await api.caller(scope="read"), await api.caller("theirs", "read")
    question = {"metrics": ["scans"], "date_range": "7d"}
    go = threading.Event()
    held = asyncio.create_task(api.questions.ask(lambda _: go.wait(20)))
    await asyncio.sleep(0.05)
    done: list[str] = []

    async def asked(who: str, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/query", json=question)
        assert answer.status_code == 200, answer.text
        done.append(who)

    year = [asyncio.create_task(asked("year", api.client)) for _ in range(12)]
    await asyncio.sleep(0.3)
    others = [asyncio.create_task(asked(who, client)) for who, client in (("ours", dashboard), ("theirs", theirs))]
    await asyncio.sleep(0.3)
    go.set()
    await asyncio.gather(held, *year, *others)
    # The one thread serves workspaces in turn, and in ours the keys.
    assert max(done.index("ours"), done.index("theirs")) <= 3, done
    await dashboard.aclose()
    await theirs.aclose()
