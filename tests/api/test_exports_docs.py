"""What docs/exports.md tells people to type works as it stands."""

import re
import shlex
from pathlib import Path

import httpx
import pytest

from schemas.scan_record import FIELDS
from tests.api.service import Service

PAGE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text()
CALLS = [
    shlex.split(block.replace("\\\n", " "))
    for block in re.findall(r"^```sh\n(curl .*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
]


async def sent(client: httpx.AsyncClient, words: list[str]) -> httpx.Response:
    url = next(word for word in words if "$WAYMARK/" in word).removeprefix("$WAYMARK")
    if "-d" not in words:
        return await client.get(url)
    return await client.post(url, content=words[words.index("-d") + 1])


@pytest.mark.parametrize("words", CALLS, ids=lambda words: next(word for word in words if "$WAYMARK/" in word))
async def test_every_call_is_answered(api: Service, words: list[str]) -> None:
    assert "Authorization: Bearer $WAYMARK_KEY" in words
    response = await sent(api.client, words)
    assert response.status_code in (200, 201), response.text


def test_the_table_of_fields_is_what_a_scan_has() -> None:
    table = PAGE.split("## A scan\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(FIELDS)


def test_there_are_calls() -> None:
    assert len(CALLS) == 4
