"""What the tests of QR Code Agency's API have in common."""

from typing import Any

from schemas import keys
from schemas.route import Route, decode_route
from tests.api.service import Body, Service

LIST = "/api/v1/dynamic/"
NEW = {"name": "Spring 2026 menu", "destination_url": "https://example.com/menus/spring-2026"}
A: Body = {"url": "https://example.com/menu/A", "weight": 50, "label": "A"}
B: Body = {"url": "https://example.com/menu/B", "weight": 50, "label": "B"}


async def made(api: Service, **fields: Any) -> Body:
    response = await api.client.post(LIST, json=NEW | fields)
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def patched(api: Service, code: Body, status: int = 200, **fields: Any) -> Body:
    response = await api.client.patch(f"{LIST}{code['short_id']}/", json=fields)
    assert response.status_code == status, response.text
    found: Body = response.json()
    return found


async def read(api: Service, code: Body) -> Body:
    response = await api.client.get(f"{LIST}{code['short_id']}/")
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


async def route_of(api: Service, slug: str) -> Route:
    """What redirectors know of it."""
    raw = await api.redis.get(keys.route(keys.link_key("", slug)))
    assert isinstance(raw, bytes)
    return decode_route(raw)
