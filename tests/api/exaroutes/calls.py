"""Calling ExaRoutes' API, and what its tests send."""

import io
from typing import Any

import zxingcpp
from PIL import Image

from tests.api.service import Body, Service

CODES = "/api/qr/codes"
URL = "https://example.com/spring"
PAYLOADS: list[tuple[str, Any, str]] = [
    ("url", {"url": URL}, URL),
    ("text", "Hello; world, 50%", "Hello; world, 50%"),
    ("text", {"text": "two\nlines"}, "two\nlines"),
    ("email", "mailto:a+b@example.com?subject=Hi%20you&body=1%2B1", "mailto:a+b@example.com?subject=Hi%20you&body=1%2B1"),  # noqa: E501
    ("email", "a@example.com", "mailto:a@example.com"),
    ("email", "MATMSG:TO:a@example.com;SUB:x\\;y;BODY:b;;", "mailto:a@example.com?subject=x%3By&body=b"),
    ("email", {"email": "a@example.com", "subject": "S"}, "mailto:a@example.com?subject=S"),
    ("wifi", "WIFI:T:WPA;S:Ca\\;fe;P:se\\\\cr\\:et;H:true;;", "WIFI:T:WPA;S:Ca\\;fe;P:se\\\\cr\\:et;H:true;;"),
    ("wifi", 'wifi:S:"ABCD";T:WEP;P:12345;;', "WIFI:T:WEP;S:ABCD;P:12345;;"),
    ("wifi", {"network_name": "Open", "encryption": "nopass"}, "WIFI:T:nopass;S:Open;;"),
    ("wifi", {"wifiContent": {"network_name": "N", "encryption": "WPA2", "password": "p"}}, "WIFI:T:WPA;S:N;P:p;;"),
    ("sms", "SMSTO:+441234567:Hi: there", "SMSTO:+441234567:Hi: there"),
    ("sms", "sms:+441234567?body=Hi%20there", "SMSTO:+441234567:Hi there"),
    ("sms", "+44 1234 567", "SMSTO:+441234567"),
    ("sms", {"number": "+441234567", "message": "Yo"}, "SMSTO:+441234567:Yo"),
    ("phone", "tel:+441234567", "tel:+441234567"),
    ("phone", "+44 (0)1234 567", "tel:+441234567"),
    ("phone", {"phone": "+441234567"}, "tel:+441234567"),
    ("geo", "geo:51.5074,-0.1278", "geo:51.5074,-0.1278"),
    ("geo", "51.5074, -0.1278", "geo:51.5074,-0.1278"),
    ("geo", "geo:51.5,-0.1?q=51.5,-0.1(Big%20Ben)", "geo:51.5,-0.1?q=51.5,-0.1(Big%20Ben)"),
    ("geo", {"latitude": 51.5, "longitude": -0.1, "label": "Here"}, "geo:51.5,-0.1?q=51.5,-0.1(Here)"),
]  # fmt: skip
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
N:O\\;Neil;Ann;;;\r
FN:Ann O;Neil\r
ORG:Ex\\, Ltd;Sales\r
TITLE:Buyer\r
TEL;TYPE=CELL:+441\r
item1.TEL;TYPE=WORK,VOICE:+442\r
TEL;TYPE=FAX:+443\r
EMAIL;TYPE=INTERNET:ann@example.com\r
URL:https://example.com/\r
ADR;TYPE=WORK:;;1 High St;Leeds;;LS1;UK\r
NOTE:first\\nsecond and a line that\r
  is folded\r
X-OTHER:ignored\r
END:VCARD"""


async def make(api: Service, **fields: Any) -> Body:
    response = await api.client.post(CODES, json={"data": URL, **fields})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def native_id(api: Service, made: Body) -> str:
    """What /v1 calls the code."""
    code = await api.codes.by_slug("", made["id"])
    assert code is not None
    return code.id


def error(response: Any) -> tuple[int, str | None]:
    found = response.json()["error"]
    assert list(found) == ["code", "message", "field"]
    assert found["message"]
    return response.status_code, found["field"]


def png(image: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(image))
    assert found.format == "PNG"
    return found


def read(image: bytes) -> str:
    """What a scanner sees in a PNG."""
    (symbol,) = zxingcpp.read_barcodes(png(image).convert("RGB"))
    return str(symbol.text)
