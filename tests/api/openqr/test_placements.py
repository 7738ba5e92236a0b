"""`POST /v1/dynamic/{id}/qr/placements`: a zip with one picture for each print of a code."""

import csv
import io
import zipfile
from typing import Any

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from api.dialects.openqr.images import check_placement
from api.dialects.openqr.placements import MAX_PLACEMENTS, file_name
from api.responses import picture_url
from codes.code_fields import NewCode
from codes.errors import Refused
from codes.workspaces import ensure_workspace
from redirect.paths import link_key_of_path
from redirect.request_fields import Labels, labels
from tests.api.service import SHORT, Service

Body = dict[str, Any]


def read(png: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return str(found.text)


async def fetched(api: Service, id: str, body: Body) -> tuple[zipfile.ZipFile, list[dict[str, str]]]:
    answer = await api.client.post(f"/v1/dynamic/{id}/qr/placements", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    found = zipfile.ZipFile(io.BytesIO(answer.content))
    assert found.testzip() is None
    rows = csv.DictReader(io.StringIO(found.read("manifest.csv").decode(), newline=""))
    return found, list(rows)


async def test_each_placement_has_a_picture_that_says_it(api: Service) -> None:
    made = await api.make(slug="spring-sale", style={"color": "#7b1e3a"})
    found, rows = await fetched(api, made["id"], {"placements": ["window", " Tür 1/2 ", "=1", "窓"], "size": 256})
    links = [f"{SHORT}/q/spring-sale/?p={said}" for said in ("window", "T%C3%BCr+1%2F2", "%3D1", "%E7%AA%93")]
    assert found.namelist() == ["001-window.png", "002-Tür-1-2.png", "003-1.png", "004-窓.png", "manifest.csv"]
    assert [row["file"] for row in rows] == found.namelist()[:-1]
    assert [read(found.read(row["file"])) for row in rows] == [row["url"] for row in rows] == links
    assert [row["placement"] for row in rows] == ["window", "Tür 1/2", "'=1", "窓"]
    # The one picture is the same as one of these.
    alone = await api.client.get(f"/v1/dynamic/{made['id']}/qr", params={"placement": "window", "size": 256})
    assert alone.content == found.read("001-window.png")


async def test_slugs_of_several_parts(api: Service) -> None:
    workspace = (await ensure_workspace(api.redis, "ours")).number
    new = NewCode(destination="https://example.com/", slug="intro/one", keep_slug=True)
    code = await api.codes.create(workspace, new)
    answer = await api.client.post(f"/v1/dynamic/{code.id}/qr/placements", json={"placements": ["a"], "format": "svg"})
    assert answer.headers["content-disposition"] == 'attachment; filename="intro-one-placements.zip"'
    found = zipfile.ZipFile(io.BytesIO(answer.content))
    assert found.read("001-a.svg").startswith(b"<svg ")
    assert f"{SHORT}/q/intro/one/?p=a".encode() in found.read("manifest.csv")


@given(st.text(max_size=60))
def test_what_a_picture_says_is_what_its_scans_say(text: str) -> None:
    """Of every label that is taken, character for character, on any host and for slugs of several parts."""
    try:
        label = check_placement("placement", text)
    except Refused:
        return
    link = picture_url("go.brand.example", "intro/one", SHORT, label)
    path, _, query = link.removeprefix("https://go.brand.example").partition("?")
    assert (path, link_key_of_path(path)) == ("/q/intro/one/", "/intro/one")
    assert labels(query.encode()) == Labels(placement=label)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "placements"),
        ({"placements": []}, "placements"),
        ({"placements": [str(at) for at in range(MAX_PLACEMENTS + 1)]}, "placements"),
        ({"placements": ["a", "b", " a"]}, "placements[2]"),
        ({"placements": [""]}, "placements[0]"),
        ({"placements": [1]}, "placements"),
        ({"placements": ["a"], "format": "bmp"}, "format"),
        ({"placements": ["a"], "sise": 1}, "sise"),
        # The fullest of them has too few pixels.
        ({"placements": ["a", "é" * 50], "size": 64}, "size"),
    ],
)
async def test_what_cannot_be_drawn_is_refused_by_its_field(api: Service, body: Body, field: str) -> None:
    made = await api.make()
    answer = await api.client.post(f"/v1/dynamic/{made['id']}/qr/placements", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


async def test_codes_of_others_are_404(api: Service) -> None:
    made = await api.make()
    stranger = await api.caller("theirs")
    answer = await stranger.post(f"/v1/dynamic/{made['id']}/qr/placements", json={"placements": ["a"]})
    assert answer.status_code == 404
    await stranger.aclose()


@pytest.mark.parametrize("label", ["..", "../../etc/passwd", "a\\b", "CON", ".", "a:b*c?", "-rf"])
def test_file_names_are_safe(label: str) -> None:
    name = file_name(0, label, "png")
    assert name.startswith("001-") and name.endswith(".png")
    assert not set(name) & set('/\\:*?"<>| ')
    assert ".." not in name
