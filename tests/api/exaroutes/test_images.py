"""Each promise of ExaRoutes' page about pictures and static codes. The quoted lines are the page's own."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from codes.files import Files
from tests.api.exaroutes.calls import CARD, CODES, PAYLOADS, URL, error, make, png, read
from tests.api.service import Service

STATIC = "/api/qr/static"


async def static(api: Service, **fields: Any) -> dict[str, Any]:
    response = await api.client.post(STATIC, json={"data": URL, **fields})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    assert list(found) == ["type", "dataType", "format", "image"]
    return found


def bytes_of(uri: str) -> bytes:
    start, _, rest = uri.partition(",")
    assert start == "data:image/png;base64"
    return base64.b64decode(rest, validate=True)


# Get the printable image


async def test_the_pattern_encodes_redirect_url(api: Service) -> None:
    """The QR pattern encodes redirectUrl."""
    made = await make(api)
    response = await api.client.get(f"{CODES}/{made['id']}/image")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert read(response.content) == made["redirectUrl"]
    assert png(response.content).size == (512, 512)
    large = await api.client.get(f"{CODES}/{made['id']}/image?size=1000")
    assert png(large.content).size == (1000, 1000)
    assert error(await api.client.get(f"{CODES}/{made['id']}/image?size=big")) == (400, "size")


async def test_in_the_format_it_was_created_with(api: Service) -> None:
    """Returns the rendered QR image (image/png or image/svg+xml, whichever format the code was created with)."""
    made = await make(api, returnType="svg")
    response = await api.client.get(f"{CODES}/{made['id']}/image")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/svg+xml")
    assert b"<svg" in response.content[:200]
    png_ = await make(api, returnType="png")
    assert (await api.client.get(f"{CODES}/{png_['id']}/image")).headers["content-type"] == "image/png"
    # A code from elsewhere has the format that codes have here when they are not told.
    native = await api.make()
    response = await api.client.get(f"{CODES}/{native['slug']}/image")
    assert response.headers["content-type"] == "image/png"
    assert read(response.content) == f"https://s.example.net/r/{native['slug']}"


async def test_of_a_page_it_is_the_link_too(api: Service) -> None:
    """Dynamic codes route every scan through ExaRoutes, so they are editable and tracked."""
    made = await make(api, dataType="wifi", data="WIFI:T:WPA;S:Cafe;P:12345678;;")
    assert read((await api.client.get(f"{CODES}/{made['id']}/image")).content) == made["redirectUrl"]


async def test_it_is_drawn_in_its_style(api: Service) -> None:
    """Styling fields (shape, margin, colours, logo, error correction) are optional."""
    made = await make(api, color="#7a0019", background="#fff8e7", margin=8, shape="dots", errorCorrection="H")
    image = (await api.client.get(f"{CODES}/{made['id']}/image")).content
    assert read(image) == made["redirectUrl"]
    colours = {colour for _, colour in png(image).convert("RGB").getcolors(1 << 20) or ()}
    assert {(0x7A, 0, 0x19), (0xFF, 0xF8, 0xE7)} <= colours


# Render a static QR code


async def test_static(api: Service) -> None:
    """{ "type": "static", "dataType": "url", "format": "svg", "image": "<svg ...>...</svg>" }"""
    found = await static(api, dataType="url", returnType="svg")
    assert (found["type"], found["dataType"], found["format"]) == ("static", "url", "svg")
    assert found["image"].startswith("<svg") and found["image"].endswith("</svg>")


async def test_static_png(api: Service) -> None:
    """For returnType: png the image field is a data: URI."""
    found = await static(api)
    assert found["format"] == "png"
    assert read(bytes_of(found["image"])) == URL
    assert png(bytes_of((await static(api, size=900))["image"])).size == (900, 900)
    assert png(bytes_of((await static(api, size=1))["image"])).size == (64, 64)


async def test_nothing_is_stored(api: Service) -> None:
    """Static codes are not stored and have no id, no analytics, and no destination updates."""
    before = set(await api.redis.keys())
    await static(api)
    assert set(await api.redis.keys()) == before
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 0


@pytest.mark.parametrize(("data_type", "data", "payload"), PAYLOADS)
async def test_the_payload_directly(api: Service, data_type: str, data: Any, payload: str) -> None:
    """Static codes encode the payload directly"""
    found = await static(api, dataType=data_type, data=data, size=700)
    as_it_is = isinstance(data, str) and data[:6].lower().startswith(
        ("mailto", "matmsg", "wifi:", "sms", "tel:", "geo:")
    )
    assert read(bytes_of(found["image"])) == (data if as_it_is else payload)


async def test_a_contact_as_it_is(api: Service) -> None:
    """Static codes encode the payload directly"""
    found = await static(api, dataType="vcard", data=CARD, size=1200)
    assert read(bytes_of(found["image"])) == CARD


async def test_a_local_address_may_be_printed(api: Service) -> None:
    """Nobody is sent there by us, so it need not be public."""
    assert read(bytes_of((await static(api, data="http://192.168.0.1/setup"))["image"])) == "http://192.168.0.1/setup"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "data"),
        ({"data": ""}, "data"),
        ({"data": "a b"}, "data"),
        ({"data": "x" * 2049}, "data"),
        ({"data": "x" * 9000, "dataType": "text"}, "data"),
        ({"data": URL, "dataType": "coupon"}, "dataType"),
        ({"data": URL, "returnType": "gif"}, "returnType"),
        ({"data": URL, "margin": "wide"}, "margin"),
        ({"data": URL, "color": "mauve-ish"}, "color"),
        ({"data": URL, "gradient": {"colors": "red"}}, "gradient.colors"),
        ({"data": URL, "finder": {"eyeColor": "x"}}, "finder.eyeColor"),
        ({"data": URL, "size": "big"}, "size"),
    ],
)
async def test_what_cannot_be_drawn(api: Service, body: dict[str, Any], field: str) -> None:
    assert error(await api.client.post(STATIC, json=body)) == (400, field)


async def test_a_logo_of_the_workspace(api: Service) -> None:
    """Styling fields (shape, margin, colours, logo, error correction) are optional."""
    target = io.BytesIO()
    Image.new("RGB", (80, 80), (200, 0, 0)).save(target, "PNG")

    async def chunks() -> Any:
        yield target.getvalue()

    files: Files = api.context.files
    number = (await api.codes.by_slug("", (await make(api))["id"])).workspace  # type: ignore[union-attr]
    kept = await files.put(number, "logo.png", "image/png", chunks())
    found = await static(api, logo=kept.id, size=800)
    image = bytes_of(found["image"])
    assert read(image) == URL
    assert (200, 0, 0) in {colour for _, colour in png(image).convert("RGB").getcolors(1 << 20) or ()}
    made = await make(api, logo=kept.id)
    assert read((await api.client.get(f"{CODES}/{made['id']}/image")).content) == made["redirectUrl"]
    stranger = await api.caller("theirs")
    assert error(await stranger.post(STATIC, json={"data": URL, "logo": kept.id})) == (400, "logo")
    await stranger.aclose()
