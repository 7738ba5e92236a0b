"""OpenQR's document: "render that short_url as a QR image (via /v1/qr …)"; and the picture of a code in its style."""

import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from api.qr_images import MEDIA
from tests.api.service import SHORT, Service

GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00"
    b"\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def read(png: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(opened(png).convert("L"))
    return str(found.text)


def in_pictures(code: dict[str, Any]) -> str:
    """What the picture of a code holds: its link as an entry by QR."""
    return f"{SHORT}/q/{code['slug']}/"


async def test_the_documents_call(api: Service) -> None:
    """`curl "https://openqr.uk/v1/qr?data=https://oqr.to/k7Pm2qR&format=png&size=1024" … -o spring-poster.png`"""
    answer = await api.client.get("/v1/qr?data=https://oqr.to/k7Pm2qR&format=png&size=1024")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert opened(answer.content).size == (1024, 1024)
    assert read(answer.content) == "https://oqr.to/k7Pm2qR"


@pytest.mark.parametrize(
    ("format", "begins"), [("svg", b"<svg "), ("pdf", b"%PDF-1.4"), ("eps", b"%!PS-Adobe-3.0 EPSF")]
)
async def test_other_formats(api: Service, format: str, begins: bytes) -> None:
    answer = await api.client.get("/v1/qr", params={"data": "hello", "format": format})
    assert answer.headers["content-type"].partition(";")[0] == MEDIA[format]
    assert answer.content.startswith(begins)


async def test_png_of_512_is_what_is_drawn_when_nothing_is_said(api: Service) -> None:
    answer = await api.client.get("/v1/qr", params={"data": "Grüße, 世界"})
    assert opened(answer.content).size == (512, 512)
    assert read(answer.content) == "Grüße, 世界"


@pytest.mark.parametrize(("asked", "given"), [("1", 64), ("9999", 4096), ("65", 65)])
async def test_the_size_is_exact_and_brought_into_its_range(api: Service, asked: str, given: int) -> None:
    answer = await api.client.get("/v1/qr", params={"data": "x", "size": asked})
    assert opened(answer.content).size == (given, given)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "data"),
        ("data=", "data"),
        ("data=x&format=bmp", "format"),
        ("data=x&size=large", "size"),
        ("data=" + "x" * 3000, "data"),
        ("data=" + "x" * 500 + "&size=64", "size"),
    ],
)
async def test_what_cannot_be_drawn_is_refused_by_its_field(api: Service, query: str, field: str) -> None:
    answer = await api.client.get(f"/v1/qr?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


async def test_a_key_is_needed(api: Service) -> None:
    assert (await api.anonymous.get("/v1/qr?data=x")).status_code == 401


async def test_who_has_the_picture_is_told_that_it_is_the_one(api: Service) -> None:
    first = await api.client.get("/v1/qr?data=x")
    assert first.headers["cache-control"] == "private, max-age=86400"
    again = await api.client.get("/v1/qr?data=x", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await api.client.get("/v1/qr?data=y", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def styled(api: Service, style: dict[str, Any]) -> str:
    made = await api.make(style=style)
    return f"/v1/dynamic/{made['id']}/qr"


async def test_a_code_is_drawn_in_its_style(api: Service) -> None:
    made = await api.make(style={"color": "#7b1e3a", "shape": "dots", "frame": {"caption": "Scan me"}})
    path = f"/v1/dynamic/{made['id']}/qr"
    answer = await api.client.get(path, params={"size": 600})
    picture = opened(answer.content)
    assert picture.width == 600 < picture.height
    assert read(answer.content) == in_pictures(made)
    await api.client.patch(f"/v1/dynamic/{made['id']}", json={"style": {}})
    plain = await api.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert plain.status_code == 200
    assert opened(plain.content).size == (512, 512)


@pytest.mark.parametrize(
    ("style", "field", "says"),
    [
        ({"color": "#dddddd"}, "style.color", "contrast is 1.4"),
        ({"color": "#ffffff", "background": "#000000"}, "style.color", "inverted"),
        ({"shape": "hexagon"}, "style.shape", "must be one of"),
        ({"margin": "wide"}, "style.margin", "a number"),
        ({"logo": "http://10.0.0.1/logo.png"}, "style.logo", "public"),
        ({"logo": "0d9a4a3e-6b0f-4c58-9a53-1f6f3f3c5e11"}, "style.logo", "not the id of a file"),
        ({"frame": {"caption": "中文"}}, "style.frame.caption", "no font"),
    ],
)
async def test_a_style_that_would_not_scan_is_refused_with_the_reason(
    api: Service, style: dict[str, Any], field: str, says: str
) -> None:
    answer = await api.client.post("/v1/dynamic", json={"destination": "https://example.com/a", "style": style})
    if answer.status_code == 201:
        # Only drawing it tells.
        assert field in ("style.logo", "style.frame.caption")
        answer = await api.client.get(f"/v1/dynamic/{answer.json()['id']}/qr")
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert says in answer.json()["error"]["message"]


async def test_an_uploaded_file_is_a_logo_for_its_own_workspace_only(api: Service) -> None:
    sent = await api.client.post("/v1/files", files={"file": ("dot.gif", GIF, "image/gif")})
    id = sent.json()["file_id"]
    answer = await api.client.get(await styled(api, {"logo": {"image": id, "size": 0.1}}))
    assert answer.status_code == 200
    stranger = await api.caller("theirs")
    made = await stranger.post("/v1/dynamic", json={"destination": "https://example.com", "style": {"logo": id}})
    refused = await stranger.get(f"/v1/dynamic/{made.json()['id']}/qr")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "style.logo")
    await stranger.aclose()


async def test_codes_of_others_and_no_codes_are_404(api: Service) -> None:
    stranger = await api.caller("theirs")
    made = await api.make()
    for path in (f"/v1/dynamic/{made['id']}/qr", "/v1/dynamic/nonsense/qr"):
        assert (await stranger.get(path)).status_code == 404
    await stranger.aclose()


@pytest.mark.parametrize(
    ("placement", "query"), [("window", "?p=window"), (" Tür 1 & 2 ", "?p=T%C3%BCr+1+%26+2"), ("", "")]
)
async def test_a_picture_says_its_placement(api: Service, placement: str, query: str) -> None:
    made = await api.make(slug="spring-sale")
    answer = await api.client.get(f"/v1/dynamic/{made['id']}/qr", params={"placement": placement})
    assert read(answer.content) == in_pictures(made) + query


@pytest.mark.parametrize("placement", ["x" * 51, "a\nb", "a\u2028b", "\u202e"])
async def test_a_placement_that_no_scan_could_say_is_refused(api: Service, placement: str) -> None:
    made = await api.make()
    path = f"/v1/dynamic/{made['id']}/qr"
    answer = await api.client.get(path, params={"placement": placement})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "placement")
    answer = await api.client.post(f"{path}/placements", json={"placements": ["a", placement]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "placements[1]")


async def test_a_style_is_tried_before_it_is_saved(api: Service) -> None:
    made = await api.make()
    path = f"/v1/dynamic/{made['id']}/qr/preview"
    plain = (await api.client.post(path, json={"style": {"color": "#0f5f55", "error_correction": "L"}})).json()
    strong = (await api.client.post(path, json={"style": {"error_correction": "H"}, "placement": "window"})).json()
    assert plain["svg"].startswith("<svg") and "#0f5f55" in plain["svg"]
    assert plain["width"] == plain["modules"] + 8
    assert strong["error_correction"] == "H"
    # Measured, and more correction bears more dirt.
    assert 0 < plain["reserve"] < strong["reserve"] <= 0.3
    assert (await api.client.get(f"/v1/dynamic/{made['id']}")).json()["style"] == made["style"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"style": {"color": "#dddddd"}}, "style.color", "unreadable"),
        ({"style": {"shape": "hexagon"}}, "style.shape", "invalid_style"),
        ({"placement": "x" * 51}, "placement", "invalid_text"),
        ({"color": "#000000"}, "color", "unknown_field"),
    ],
)
async def test_a_style_that_is_tried_is_refused_like_a_picture(
    api: Service, body: dict[str, Any], field: str, code: str
) -> None:
    made = await api.make()
    answer = await api.client.post(f"/v1/dynamic/{made['id']}/qr/preview", json=body)
    assert answer.status_code == 400
    assert (answer.json()["error"]["field"], answer.json()["error"]["code"]) == (field, code)
