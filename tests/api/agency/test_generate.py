"""QR Code Agency's `POST /api/v1/generate/`: a code and its picture in one call. The quoted lines are its own."""

import base64
import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.api.agency.calls import LIST, NEW
from tests.api.service import Body, Service

GENERATE = "/api/v1/generate/"


async def generated(api: Service, **sent: Any) -> Body:
    response = await api.client.post(GENERATE, json=sent)
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


def data_of(image: str, media: str = "image/png") -> bytes:
    assert image.startswith(f"data:{media};base64,")
    return base64.b64decode(image.partition(",")[2], validate=True)


def text_of(image: str) -> str:
    with Image.open(io.BytesIO(data_of(image))) as picture:
        found = zxingcpp.read_barcode(picture)
    assert found is not None
    return str(found.text)


async def test_create_and_render_in_one_call(api: Service) -> None:
    """To create and render in one call, use POST /api/v1/generate/ with data_type: "dynamic"."""
    made = await generated(api, data_type="dynamic", **NEW)
    image = made.pop("image")
    assert (await api.client.get(LIST)).json()["results"] == [made]
    assert len(made["short_id"]) == 8
    assert (made["name"], made["destination_url"]) == (NEW["name"], NEW["destination_url"])
    assert text_of(image) == made["public_url"] == f"https://s.example.net/q/{made['short_id']}/"


@pytest.mark.parametrize(
    ("format", "media", "start"),
    [
        ("png", "image/png", b"\x89PNG"),
        ("svg", "image/svg+xml", b"<"),
        ("pdf", "application/pdf", b"%PDF"),
        ("eps", "application/postscript", b"%!PS"),
    ],
)
async def test_formats(api: Service, format: str, media: str, start: bytes) -> None:
    """create and render in one call"""
    made = await generated(api, data_type="dynamic", format=format, **NEW)
    assert data_of(made["image"], media).startswith(start)


async def test_the_style_is_drawn_and_kept(api: Service) -> None:
    """create and render in one call"""
    style = {"color": "#102030"}
    made = await generated(api, data_type="dynamic", style=style, **NEW)
    with Image.open(io.BytesIO(data_of(made["image"]))) as picture:
        assert (16, 32, 48) in {colour[1] for colour in picture.convert("RGB").getcolors(1 << 24) or ()}
    native = (await api.client.get("/v1/dynamic")).json()["codes"][0]
    assert (native["slug"], native["style"]) == (made["short_id"], style)


@pytest.mark.parametrize(
    ("data_type", "data", "text"),
    [
        ("url", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("text", "Grüß Gott", "Grüß Gott"),
        ("phone", "+441234567890", "tel:+441234567890"),
        (
            "wifi",
            {"network_name": "Guest;s", "password": "p:w", "encryption": "WPA"},
            "WIFI:T:WPA;S:Guest\\;s;P:p\\:w;;",
        ),
        ("wifi", {"wifiContent": {"network_name": "a", "encryption": "nopass"}}, "WIFI:T:nopass;S:a;;"),
    ],
)
async def test_static_symbols_hold_what_they_say(api: Service, data_type: str, data: object, text: str) -> None:
    """For a conceptual overview, read Static vs dynamic QRs."""
    made = await generated(api, data_type=data_type, data=data)
    assert list(made) == ["image"]
    assert text_of(made["image"]) == text
    assert (await api.client.get(LIST)).json()["count"] == 0


async def test_a_static_url_may_be_called_a_destination(api: Service) -> None:
    """For a conceptual overview, read Static vs dynamic QRs."""
    made = await generated(api, data_type="url", destination_url="https://example.com/")
    assert text_of(made["image"]) == "https://example.com/"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "data_type"),
        ({"data_type": "nothing", "data": "x"}, "data_type"),
        ({"data_type": "dynamic"}, "name"),
        ({"data_type": "dynamic", "name": "a"}, "destination_url"),
        ({"data_type": "dynamic", **NEW, "destination_url": "http://10.0.0.7/"}, "destination_url"),
        ({"data_type": "dynamic", **NEW, "name": "a" * 121}, "name"),
        ({"data_type": "dynamic", **NEW, "format": "bmp"}, "format"),
        ({"data_type": "dynamic", **NEW, "style": "dots"}, "style"),
        ({"data_type": "dynamic", **NEW, "style": {"color": "blurple"}}, "style"),
        ({"data_type": "dynamic", **NEW, "style": {"color": "#ffffff"}}, "style"),
        ({"data_type": "text"}, "data"),
        ({"data_type": "text", "data": None}, "data"),
        ({"data_type": "text", "data": ""}, "data"),
        ({"data_type": "text", "data": "x" * 9_000}, "data"),
        ({"data_type": "wifi", "data": "x"}, "data"),
        ({"data_type": "wifi", "data": {}}, "data.network_name"),
        ({"data_type": "wifi", "data": {"network_name": 7}}, "data.network_name"),
    ],
)
async def test_what_cannot_be_drawn_makes_nothing(api: Service, sent: Body, field: str) -> None:
    """create and render in one call"""
    response = await api.client.post(GENERATE, json=sent)
    assert response.status_code == 400, response.text
    assert response.json()["detail"].startswith(field)
    assert (await api.client.get(LIST)).json()["count"] == 0
