"""A log in JSON has one schema, whoever writes the line and however the process ends."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec

from harness.launcher import WAYMARK
from waymark.logs import Line

ROOT = Path(__file__).parents[2]
# Every way in which a line comes to be, in one process.
TALKATIVE = """
import asyncio, logging, threading, warnings
from waymark import logs

logs.configure("redirect", "json")
logging.getLogger("waymark.anything").info("said %s", "plainly")
logging.getLogger("uvicorn.error").error("of the server\\nin two lines")
logging.getLogger("aiokafka.conn").warning("of a library", extra={"more": 1}, stack_info=True)
logging.getLogger("x").log(35, "of its own level")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("redirect.fast_path").exception("a scan could not be answered")
warnings.warn("of Python")
thread = threading.Thread(target=lambda: [][0], name="helper")
thread.start()
thread.join()


async def main():
    asyncio.get_running_loop().create_task(failing())
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def failing():
    raise OSError("nobody waits for it")


class Unclean:
    def __del__(self):
        raise LookupError("in the end")


asyncio.run(main())
Unclean()
raise SystemError("the last of it")
"""


def lines(text: str) -> list[Line]:
    return [msgspec.json.decode(line, type=Line) for line in text.splitlines()]


def test_every_line_has_the_same_fields() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TALKATIVE], capture_output=True, text=True, cwd=ROOT, timeout=60, env={**os.environ}
    )
    found = lines(done.stderr)
    assert done.returncode == 1
    assert {(one.service, one.process > 0) for one in found} == {("redirect", True)}
    said = [(one.level, one.logger, one.message.splitlines()[0][:40]) for one in found]
    assert said[:3] == [
        ("info", "waymark.anything", "said plainly"),
        ("error", "uvicorn.error", "of the server"),
        ("warning", "aiokafka.conn", "of a library"),
    ]
    assert said[3] == ("warning", "x", "of its own level")
    raised = {one.exception.splitlines()[-1].split(":")[0]: one for one in found if one.exception}
    for name in ("ZeroDivisionError", "IndexError", "OSError", "LookupError", "SystemError"):
        assert str(raised[name].exception).startswith("Traceback"), name
    assert [one.level for one in found if "of Python" in one.message] == ["warning"]
    assert found[-1] is raised["SystemError"] and found[-1].level == "critical"
    assert found[0].exception is None and found[2].exception is not None


def test_a_refusal_to_start_has_them_too(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "WAYMARK_LOG_FORMAT": "json", "WAYMARK_API_POTR": "1"}
    done = subprocess.run(
        [*WAYMARK, "ingest", "--data", str(tmp_path)], capture_output=True, text=True, timeout=60, env=environment
    )
    warned, refused = lines(done.stderr)
    assert (done.returncode, warned.level, refused.level) == (2, "warning", "error")
    assert "WAYMARK_API_POTR" in warned.message and "WAYMARK_KAFKA_BOOTSTRAP" in refused.message
    assert {warned.service, refused.service} == {"ingest"}


def test_the_page_has_the_fields() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.split("| field | what it is |\n|---|---|\n")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [*Line.__struct_fields__]
