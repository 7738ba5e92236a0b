"""`POST /v1/pages/preview`: what the page of a code would look like, and what is wrong with its content."""

from typing import Any

import pytest

import pages
from api.dialects.openqr.page_previews import MAX_DRAFT
from schemas import page_content
from tests.api.service import Service
from tests.pages.samples import SAMPLES


async def previewed(api: Service, **draft: Any) -> dict[str, Any]:
    answer = await api.client.post("/v1/pages/preview", json=draft)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("name", SAMPLES)
async def test_it_is_the_page_that_scanners_see(api: Service, name: str) -> None:
    sample = SAMPLES[name]
    found = await previewed(api, type=sample.type, content=sample.content, page_design=sample.design)
    data = sample.content[page_content.SHAPES[sample.type][0]]
    page = pages.render(sample.type, data, sample.design).body.decode()
    assert found["problem"] is None
    assert found["html"] == page.replace(' src="/f/', ' data-file="/f/').replace(' poster="/f/', ' data-file="/f/')
    assert "<script" not in found["html"] and 'src="/f/' not in found["html"]


async def test_what_is_half_written_has_a_page_and_a_problem_at_its_field(api: Service) -> None:
    found = await previewed(
        api, type="vcard_plus", content={"vCardContent": {"first_name": "Ada", "last_name": "L", "email": "ada@"}}
    )
    assert "Ada" in found["html"]
    assert found["problem"]["field"] == "content.vCardContent.email"
    assert (await previewed(api, type="coupon", content={}))["problem"]["field"] == "content.couponContent"
    hostile = await previewed(api, type="text", content={"text": "<script>alert(1)</script>"})
    assert "<script" not in hostile["html"] and "&lt;script" in hostile["html"]


async def test_only_pages_of_a_bounded_size_have_one(api: Service) -> None:
    for draft, field in (
        ({"type": "website", "content": {}}, "type"),
        ({"type": "poem", "content": {}}, "type"),
        ({"type": "text", "content": {"text": "x" * MAX_DRAFT}}, "content"),
        ({"type": "text", "content": {}, "page_design": {"x": "y" * 20_000}}, "page_design"),
    ):
        answer = await api.client.post("/v1/pages/preview", json=draft)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
