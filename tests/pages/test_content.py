"""What is made of content, without a browser."""

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pages
from pages.content import TYPES
from schemas.page_content import LINKS, SHAPES, check, inner
from schemas.scan_options import Content
from tests.pages.hostile import DESIGN, contents
from tests.pages.samples import SAMPLES
from tests.pages.site import NOTICES

MOST_BYTES = 30 * 1024


def hrefs(page: pages.Page) -> list[str]:
    return [html.unescape(found) for found in re.findall(r' href="([^"]*)"', page.body.decode())]


def test_there_is_a_page_for_each_type_that_is_no_link() -> None:
    assert {type: TYPES[type].field for type in TYPES} == {
        type: field for type, (field, _) in SHAPES.items() if type not in LINKS
    }
    assert {sample.type for sample in SAMPLES.values()} == set(TYPES)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_what_codes_take_and_fit_into_their_bounds(name: str) -> None:
    sample = SAMPLES[name]
    assert check(sample.type, sample.content) == sample.content
    page = pages.render(sample.type, sample.content, sample.design)
    assert len(page.body) < MOST_BYTES
    # The whole content or the one field of it: a page is the same.
    content = Content(type=sample.type, data=inner(sample.type, sample.content), design=sample.design)
    assert pages.render(content.type, content.data, content.design) == page


@pytest.mark.parametrize("name", NOTICES)
def test_notices_are_small_and_made_once(name: str) -> None:
    make = NOTICES[name][0]
    assert len(make().body) < MOST_BYTES / 2
    assert make() is make()


def test_each_field_of_the_reference_is_shown() -> None:
    shown = {
        "vcard_plus": ["Amara Okafor", "Structural engineer", "Northlight Studio", "BS1 2JL Bristol", "treehouse"],
        "business": ["Café Mirador", "1200-014 Lisboa", "Tuesday: 8:00–18:00", "+351 21 555 0147"],
        "social_media": ["Tilda Berg", "Ceramics", "https://www.instagram.com/tildaberg", "https://x.com/tildaberg"],
        "event": ["Open studio night", "Saturday 13 March 2027, 18:30–22:00", "Europe/London", "14 Quay Street"],
        "coupon": ["Your second cake", "20% off", "MIRADOR20", "Wednesday 30 June 2027", "One per table"],
        "apps": ["Tidewatch", "https://apps.apple.com/app/id000000001", "https://play.google.com/"],
        "landing_page": ["allotment", "One letter a month", "Read the latest", "https://allotment.example/latest"],
        "list_links": ["Marek & Ola", "slow trains", "41 episodes", "https://slowtrains.example/timetable"],
        "pdf": ["summer menu", "/f/summer_menu.pdf/summer_menu.pdf", "1.8 MB"],
        "wifi": ["Mirador guests", "pastel-de-nata", "WPA"],
        "email": ["mailto:ola@mirador.example?subject=A%20table&body=For%20two%2C%0Aat%20eight%3F"],
        "sms": ["sms:+351915550147?body=Table%20for%20two%20at%208%3F"],
        "whatsapp": ["https://wa.me/351915550147?text=Ol%C3%A1%21"],
        "bitcoin": ["bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT?amount=0.0005&label=Two%20coffees", "0.0005 BTC"],
        "paypal": ["https://www.paypal.com/paypalme/miradorcafe/7.50", "Two coffees"],
        "phone": ["tel:+351215550147"],
        "geo": ["geo:38.7105,-9.1427", "https://www.openstreetmap.org/?mlat=38.7105&mlon=-9.1427"],
    }
    for name, texts in shown.items():
        sample = SAMPLES[name]
        text = html.unescape(pages.render(sample.type, sample.content).body.decode())
        assert [one for one in texts if one not in text] == []


def test_only_files_of_ours_are_shown_within_a_page() -> None:
    file = {**SAMPLES["video"].content["fileContent"], "file_path": "https://elsewhere.example/film.mp4"}
    page = pages.render("video", {"fileContent": file})
    assert b"<video" not in page.body
    assert "https://elsewhere.example/film.mp4" in hrefs(page)
    assert b"img-src" not in dict(page.headers)[b"content-security-policy"]
    gone = pages.render("pdf", {"fileContent": {**file, "file_path": "uploads/1.pdf"}})
    assert hrefs(gone) == [] and b"not here any more" in gone.body
    own = pages.render("images", SAMPLES["images"].content)
    assert b"img-src 'self'; media-src 'self'" in dict(own.headers)[b"content-security-policy"]


def test_links_that_are_none_are_shown_as_text() -> None:
    links = [{"id": "1", "title": "Mine", "url": "javascript:alert(1)"}]
    page = pages.render("list_links", {"listOfLinkContent": {"profile_name": "x", "links": links}})
    assert hrefs(page) == []
    assert b"Mine" in page.body and b"javascript" not in page.body


@pytest.mark.parametrize("name", contents())
def test_hostile_content_becomes_a_page_of_bounded_size(name: str) -> None:
    type, content = contents_once[name]
    page = pages.render(type, content, DESIGN)
    assert len(page.body) < 400 * 1024
    assert b"<script" not in page.body and b"evil.example/?" not in page.body
    assert all(not href.lower().lstrip().startswith(("javascript:", "data:", "vbscript:")) for href in hrefs(page))
    pages.download(type, content, now_ms=0)


contents_once = contents()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(codec=None)),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=12,
)


@st.composite
def anything(draw: st.DrawFn) -> tuple[str, Any]:
    """A type, and an object with the names of its fields and any values at all."""
    type = draw(st.sampled_from(sorted(TYPES)))
    fields = getattr(SHAPES[type][1], "__struct_fields__", ("x",))
    return type, draw(json_values | st.dictionaries(st.sampled_from(fields), json_values))


@given(anything(), json_values)
def test_render_takes_anything(content: tuple[str, Any], design: Any) -> None:
    type, data = content
    assert pages.render(type, data, design).body.startswith(b"<!doctype html>")
    pages.download(type, data, now_ms=0)


def test_a_type_that_is_not_known_is_a_page_too() -> None:
    assert b"Nothing to show" in pages.render("hologram", {}).body
    assert pages.download("hologram", {}, now_ms=0) is None
    assert pages.download("coupon", SAMPLES["coupon"].content, now_ms=0) is None
