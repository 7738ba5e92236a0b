"""docs/webhooks.md: the receiver in ten lines receives."""

import asyncio
import re
import sys
from pathlib import Path

from codes.code_fields import NewCode
from harness.ports import free_ports
from tests.webhooks.conftest import Hooks

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_the_receiver_of_the_page(hooks: Hooks, tmp_path: Path) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in text.split("class Receiver")[1].splitlines() if line.strip()]) <= 12
    (port,) = free_ports(1)
    endpoint = await hooks.endpoint("code.created", url=f"http://127.0.0.1:{port}/")
    program, out = tmp_path / "receiver.py", tmp_path / "out"
    program.write_text(text.replace("SECRET", repr(hooks.secret(endpoint))).replace("PORT", str(port)))
    with out.open("wb") as file:
        process = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=file, stderr=file)
    try:
        for slug in ("one", "two"):
            await hooks.codes.create(hooks.workspace, NewCode(destination="https://example.com/a", slug=slug))
        await hooks.until(lambda: listens(port))
        async with hooks.working():
            await hooks.until(lambda: out.read_text().count("code.created") == 2)
    finally:
        process.kill()
        await process.wait()
    said = out.read_text().splitlines()
    told = [line for line in said if line.startswith("code.created")]
    assert ["'slug': 'one'" in told[0], "'slug': 'two'" in told[1]] == [True, True]
