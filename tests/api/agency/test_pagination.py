"""QR Code Agency's lists: by page number, with addresses of the pages before and after."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.agency.calls import LIST, made
from tests.api.service import Service

BASE = "http://api.example.net/api/v1/dynamic/"


@pytest.fixture
async def many(api: Service) -> list[str]:
    """Short ids, newest first."""
    return [(await made(api, name=str(at)))["short_id"] for at in range(7)][::-1]


async def test_the_shape(api: Service) -> None:
    """{ "count": 137, "next": …, "previous": null, "results": [ … ] }"""
    empty = (await api.client.get(LIST)).json()
    assert empty == {"count": 0, "next": None, "previous": None, "results": []}
    assert list(empty) == ["count", "next", "previous", "results"]


async def test_pages_follow_one_another(api: Service, many: list[str]) -> None:
    """ "next": "https://api.qrstudio.agency/api/v1/dynamic/?page=2" """
    seen = []
    url = f"{LIST}?page_size=3"
    addresses = []
    while url:
        page = (await api.client.get(url)).json()
        assert page["count"] == 7
        seen += [one["short_id"] for one in page["results"]]
        addresses.append((page["previous"], page["next"]))
        url = page["next"]
    assert seen == many
    assert addresses == [
        (None, f"{BASE}?page=2&page_size=3"),
        (f"{BASE}?page=1&page_size=3", f"{BASE}?page=3&page_size=3"),
        (f"{BASE}?page=2&page_size=3", None),
    ]


async def test_neighbours_keep_the_other_parameters(api: Service, many: list[str]) -> None:
    """ "previous": null"""
    page = (await api.client.get(f"{LIST}?a=1&page=2&page_size=3&b=x%20%26y&a=2")).json()
    for address in (page["next"], page["previous"]):
        assert address.startswith(BASE)
        asked = parse_qs(urlsplit(address).query)
        assert (asked["a"], asked["b"], asked["page_size"]) == (["1", "2"], ["x &y"], ["3"])
    assert parse_qs(urlsplit(page["next"]).query)["page"] == ["3"]
    assert parse_qs(urlsplit(page["previous"]).query)["page"] == ["1"]


async def test_twenty_five_on_a_page(api: Service) -> None:
    """Pagination defaults: page_size=25, max 100."""
    for _ in range(26):
        await made(api)
    page = (await api.client.get(LIST)).json()
    assert (len(page["results"]), page["count"], page["next"]) == (25, 26, f"{BASE}?page=2")
    assert len((await api.client.get(page["next"])).json()["results"]) == 1
    for size, shown in (("1", 1), ("0", 1), ("-5", 1), ("26", 26), ("100", 26), ("101", 26), ("9" * 40, 26)):
        page = (await api.client.get(f"{LIST}?page_size={size}")).json()
        assert len(page["results"]) == shown


async def test_a_hundred_at_most(api: Service) -> None:
    """max 100"""
    for _ in range(101):
        await made(api)
    for size in (100, 1000):
        page = (await api.client.get(f"{LIST}?page_size={size}")).json()
        assert (len(page["results"]), page["count"]) == (100, 101)
        assert len((await api.client.get(page["next"])).json()["results"]) == 1


@pytest.mark.parametrize("page", ["0", "-1", "4", "99999999999999999999"])
async def test_a_page_that_is_not_there(api: Service, many: list[str], page: str) -> None:
    """GET /api/v1/dynamic/?page=1"""
    response = await api.client.get(f"{LIST}?page={page}&page_size=3")
    assert (response.status_code, response.json()) == (404, {"detail": "page: there is no such page"})


@pytest.mark.parametrize("query", ["page=x", "page=", "page=1.0", "page_size=x", "page_size=", "page_size=%00"])
async def test_text_is_no_page(api: Service, query: str) -> None:
    """page=1&page_size=25"""
    response = await api.client.get(f"{LIST}?{query}")
    assert response.status_code == 400
    assert response.json()["detail"].startswith(query.split("=")[0])


async def test_codes_of_all_dialects_are_listed_and_of_no_other_workspace(api: Service, many: list[str]) -> None:
    """List, create, retrieve, update, delete dynamic QRs"""
    native = await api.make()
    assert [one["short_id"] for one in (await api.client.get(LIST)).json()["results"]] == [native["slug"], *many]
    assert (await (await api.caller("theirs")).get(LIST)).json()["count"] == 0
