"""docs/domains.md and docs/files.md are right: their calls work as they stand there, through a real curl."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.warehouse import Warehouse
from tests.api.served import Served, serving
from tests.api.service import TARGET
from tests.codes.files import SMALLEST
from tests.servers import require
from tests.servers.redis import RedisServer

DOCS = Path(__file__).parents[2] / "docs"


def calls(page: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    lines = [line for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    return [line for line in lines if line.startswith("curl ")]


def bodies(page: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)]


@pytest.fixture(scope="module")
def served(redis_server: RedisServer, warehouse: Warehouse) -> Iterator[Served]:
    require.programs("curl", why="the documented calls are curl's")
    redis_server.flush()
    with serving(redis_server.url, warehouse) as found:
        found.names.say(TARGET, "A", "203.0.113.10")
        yield found


def run(served: Served, call: str, folder: Path, **variables: str) -> tuple[int, Any]:
    known = {**variables, "WAYMARK_KEY": served.key, "WAYMARK": served.url}
    for name, value in known.items():
        call = call.replace(f"${name}", value)
    done = subprocess.run(
        [*shlex.split(call), "-w", "\n%{http_code}"], capture_output=True, text=True, timeout=30, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def test_domains(served: Served, tmp_path: Path) -> None:
    add, verify, create, edit, orphans = calls("domains.md")
    shown, shown_orphans = bodies("domains.md")
    status, domain = run(served, add, tmp_path)
    assert (status, set(domain)) == (201, set(shown))
    known = {"DOMAIN_ID": domain["id"]}
    status, checked = run(served, verify, tmp_path, **known)
    assert (status, checked["is_verified"]) == (200, False)
    served.names.say(domain["txt_name"], "TXT", f'"{domain["txt_value"]}"')
    served.names.say(domain["domain"], "CNAME", f"{domain['cname_target']}.")
    status, checked = run(served, verify, tmp_path, **known)
    assert (status, checked["is_verified"]) == (200, True)
    status, code = run(served, create, tmp_path)
    assert (status, code["short_url"]) == (201, "https://go.example.com/menu")
    status, edited = run(served, edit, tmp_path, **known)
    assert (status, edited["root_url"]) == (200, "https://example.com/")
    status, found = run(served, orphans, tmp_path)
    assert (status, set(found), found["days_window"]) == (200, set(shown_orphans), 30)


def test_files(served: Served, tmp_path: Path) -> None:
    (tmp_path / "menu.pdf").write_bytes(SMALLEST["application/pdf"])
    upload, list_, delete = calls("files.md")
    (shown,) = bodies("files.md")
    status, file = run(served, upload, tmp_path)
    assert (status, set(file), file["file_name"]) == (201, set(shown), shown["file_name"])
    assert run(served, list_, tmp_path) == (200, {"files": [file]})
    assert run(served, delete, tmp_path, FILE_ID=file["file_id"]) == (200, {"deleted": True})
    assert run(served, list_, tmp_path) == (200, {"files": []})
