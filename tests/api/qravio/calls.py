"""Calling Qravio's API, and what its tests send."""

from typing import Any

import httpx
import msgspec

from codes.workspaces import ensure_workspace
from schemas import keys
from tests.api.service import Body, Service

PATH = "/api/public/v1/qrcodes"
HERE = "https://example.com/spring"
THERE = "https://example.com/summer"
ELSEWHERE = "https://example.com/autumn"
NOBODY = "0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10"

FILE = {
    "file_id": NOBODY,
    "file_path": "/f/5f2b1c0e8d7a4b6f9e3d2c1b0a9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c3b2a10.pdf/menu.pdf",
    "file_name": "menu.pdf",
    "content_type": "application/pdf",
    "size_bytes": 184_120,
}
# What the document's table marks as needed, for each type.
CONTENTS: dict[str, Body] = {
    "website": {"url": HERE},
    "url": {"url": HERE},
    "text": {"text": "hello"},
    "email": {"emailContent": {"email": "a@example.com"}},
    "sms": {"smsContent": {"number": "+44123456", "message": "hi"}},
    "whatsapp": {"whatsAppContent": {"number": "+44123456"}},
    "wifi": {"wifiContent": {"network_name": "Café", "encryption": "WPA"}},
    "bitcoin": {"bitcoinContent": {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "amount": 0.5}},
    "paypal": {"paypalContent": {"username": "ada", "amount": 5}},
    "vcard": {"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}},
    "vcard_plus": {"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}},
    "business": {"businessContent": {"business_name": "Café"}},
    "social_media": {"socialMediaContent": {"profileName": "ada"}},
    "event": {"eventContent": {}},
    "coupon": {"couponContent": {"title": "Half off"}},
    "apps": {"appContent": {"appName": "Engine"}},
    "landing_page": {"landingPageContent": {"title": "Hello"}},
    "pdf": {"fileContent": FILE},
    "video": {"fileContent": {**FILE, "content_type": "video/mp4"}},
    "mp3": {"fileContent": {**FILE, "content_type": "audio/mpeg"}},
    "images": {"imagesContent": [{**FILE, "content_type": "image/png"}]},
    "list_links": {"listOfLinkContent": {"profile_name": "ada", "links": [{"id": "1", "title": "T", "url": HERE}]}},
}
STATIC = ("url", "text", "vcard", "email", "sms", "whatsapp", "wifi", "bitcoin", "paypal")
DYNAMIC = (
    *("website", "pdf", "images", "vcard_plus", "video", "list_links", "mp3", "business", "social_media", "event"),
    *("coupon", "apps", "landing_page"),
)


def sent(**fields: Any) -> Body:
    """The document's own body, changed."""
    return {
        "name": "Spring campaign",
        "type": "website",
        "category": "dynamic",
        "content": {"url": HERE},
        "destinations": [{"target_url": HERE}],
        **fields,
    }


def static(type: str = "text", **fields: Any) -> Body:
    return {"name": "S", "type": type, "category": "static", "content": CONTENTS[type], **fields}


def page(type: str, **fields: Any) -> Body:
    """A dynamic code that shows a page."""
    return {"name": "P", "type": type, "category": "dynamic", "content": CONTENTS[type], **fields}


async def made(api: Service, body: Body | None = None, **fields: Any) -> Body:
    response = await api.client.post(PATH, json=body if body is not None else sent(**fields))
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def read(api: Service, id: str) -> Body:
    response = await api.client.get(f"{PATH}/{id}")
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


async def native(api: Service, id: str) -> Body:
    """The same code as `/v1` shows it."""
    found: Body = (await api.client.get(f"/v1/dynamic/{id}")).json()
    return found


async def edited(api: Service, id: str, /, **fields: Any) -> Body:
    response = await api.client.patch(f"{PATH}/{id}", json=fields)
    assert response.status_code == 200, response.text
    found: Body = response.json()
    assert found == await read(api, id)
    return found


def refused(response: httpx.Response, status: int = 422) -> str:
    """The one sentence of an error."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["detail"] and isinstance(body["detail"], str)
    return str(body["detail"])


def variants(code: Body) -> list[tuple[str, str, int]]:
    return [(one["variant_key"], one["target_url"], one["weight"]) for one in code["destinations"]]


async def verified_domain(api: Service, name: str, workspace: str = "ours") -> str:
    """The id of a domain, as if it had been proven by DNS."""
    number = (await ensure_workspace(api.redis, workspace)).number
    domain = await api.domains.add(number, name)
    await api.domains._change(number, domain.id, {"verified_at_ms": api.clock.ms()})
    return domain.id


async def under_plan(api: Service, plan: str, workspace: str = "ours") -> None:
    """Moves the workspace to a plan."""
    found = await ensure_workspace(api.redis, workspace)
    moved = msgspec.structs.replace(found, plan=plan)
    await api.redis.set(keys.workspace(found.number), msgspec.json.encode(moved))
