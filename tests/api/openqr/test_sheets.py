"""`POST /v1/dynamic/sheet`: pages of codes, each of which scans."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.api.service import SHORT, Service
from tests.servers import require

MISSING = "0d9a4a3e-6b0f-4c58-9a53-1f6f3f3c5e11"


def pages(pdf: bytes, folder: Path) -> list[Image.Image]:
    require.programs("pdftoppm", why="a PDF is drawn by poppler")
    (folder / "codes.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-png", "-r", "150", "codes.pdf", "page"], cwd=folder, check=True, timeout=60)
    return [Image.open(path) for path in sorted(folder.glob("page*.png"))]


async def test_every_code_is_on_a_page_in_its_order(api: Service, tmp_path: Path) -> None:
    gradient = {"gradient": {"colors": ["#7b1e3a", "#2b2a6c"]}, "frame": {"caption": "Scan me"}}
    made = [await api.make(label=f"Table {at}, Größe", style=gradient if at % 3 else {}) for at in range(7)]
    body = {"codes": [code["id"] for code in made], "width_mm": 80}
    answer = await api.client.post("/v1/dynamic/sheet", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    found = pages(answer.content, tmp_path)
    # Two in a row, two rows with their frames and names, on A4.
    assert len(found) == 2 and found[0].size[1] == 1754
    texts = [{one.text for one in zxingcpp.read_barcodes(page)} for page in found]
    assert texts == [{f"{SHORT}/q/{code['slug']}/" for code in part} for part in (made[:4], made[4:])]
    again = await api.client.post("/v1/dynamic/sheet", json=body)
    assert again.content == answer.content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"codes": []}, "codes"),
        ({"codes": ["x"] * 101}, "codes"),
        ({"codes": [MISSING]}, "codes[0]"),
        ({"codes": ["x"], "width_mm": 9}, "width_mm"),
        ({"codes": ["x"], "width_mm": 200}, "width_mm"),
        ({"codes": ["x"], "paper": "a9"}, "paper"),
    ],
)
async def test_what_is_refused(api: Service, body: dict[str, Any], field: str) -> None:
    answer = await api.client.post("/v1/dynamic/sheet", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


async def test_a_code_that_cannot_be_drawn_is_named(api: Service) -> None:
    good = await api.make()
    bad = await api.make(style={"frame": {"caption": "中文"}})
    answer = await api.client.post("/v1/dynamic/sheet", json={"codes": [good["id"], bad["id"]]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "codes[1]")
    stranger = await api.caller("theirs")
    refused = await stranger.post("/v1/dynamic/sheet", json={"codes": [good["id"]]})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "codes[0]")
    await stranger.aclose()
