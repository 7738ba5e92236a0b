"""What codes may keep as content: every shape of the reference, and what is said of one that does not fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.page_content import LINKS, SHAPES, BadContent, check, inner

FILE: dict[str, Any] = {
    "file_id": "1",
    "file_path": "/f/a/b.pdf",
    "file_name": "b.pdf",
    "content_type": "application/pdf",
    "size_bytes": 1,
}

LEAST: dict[str, Any] = {
    "website": "https://example.com",
    "url": "https://example.com",
    "text": "hello",
    "phone": "+44 20 7946 0000",
    "geo": {"latitude": 51.5, "longitude": 0},
    "email": {"email": "a@example.com"},
    "sms": {"number": "+44 20", "message": ""},
    "whatsapp": {"number": "+44 20"},
    "wifi": {"network_name": "Café", "encryption": "WPA"},
    "bitcoin": {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "amount": "0.001"},
    "paypal": {"username": "acme", "amount": 5},
    "vcard": {"first_name": "Ada", "last_name": "Lovelace"},
    "vcard_plus": {"first_name": "Ada", "last_name": "Lovelace"},
    "business": {"business_name": "Acme"},
    "social_media": {"profileName": "Acme"},
    "event": {},
    "coupon": {"title": "Ten off"},
    "apps": {"appName": "Acme"},
    "landing_page": {"title": "Acme"},
    "pdf": FILE,
    "video": {**FILE, "content_type": "video/mp4"},
    "mp3": {**FILE, "content_type": "audio/mpeg"},
    "images": [{**FILE, "content_type": "image/png"}],
    "list_links": {"profile_name": "Acme"},
}


def wrong(type: str, content: object) -> BadContent:
    with pytest.raises(BadContent) as caught:
        check(type, content)
    return caught.value


@pytest.mark.parametrize("type", SHAPES)
def test_the_least_that_a_type_needs_is_taken_as_it_is(type: str) -> None:
    content = {SHAPES[type][0]: LEAST[type], "unknown": {"kept": [1, None, True]}}
    assert check(type, content) == content
    assert inner(type, content) == LEAST[type]


@pytest.mark.parametrize("type", sorted(set(SHAPES) - {"event"}))
def test_each_required_field_is_missed_by_name(type: str) -> None:
    name, least = SHAPES[type][0], LEAST[type]
    assert wrong(type, {}).field == f"content.{name}"
    if isinstance(least, dict):
        for field in least:
            rest = {key: value for key, value in least.items() if key != field}
            assert wrong(type, {name: rest}).field == f"content.{name}.{field}"


def test_a_bio_of_five_megabytes_is_refused_where_it_stands() -> None:
    error = wrong("list_links", {"listOfLinkContent": {"profile_name": "x", "bio": "x" * 5_000_000}})
    assert (error.field, error.message) == ("content.listOfLinkContent.bio", "must have at most 4,000 characters")
    many = {"vCardContent": LEAST["vcard"], **{f"more{index}": "x" * 3000 for index in range(30)}}
    assert wrong("vcard", many).field == "content"


NO_LINKS = [
    "javascript:alert(1)",
    "JaVaScript:alert(1)",
    "java\tscript:alert(1)",
    "vbscript:x",
    "data:text/html,x",
    "blob:x",
    "//evil.example",
    "https://javascript:alert(1)",
    "https://a@b.example",
    "http://a b",
]


@pytest.mark.parametrize("url", [*NO_LINKS, " javascript:alert(1)", "javascript:alert(1)\n"])
def test_links_that_are_none(url: str) -> None:
    link = {"id": "1", "title": "x", "url": url}
    content = {"listOfLinkContent": {"profile_name": "x", "links": [link]}}
    assert wrong("list_links", content).field == "content.listOfLinkContent.links[0].url"
    assert wrong("vcard", {"vCardContent": {**LEAST["vcard"], "website": url}}).field == "content.vCardContent.website"
    assert wrong("social_media", {"socialMediaContent": {"profileName": "x", "twitter": url}})
    assert wrong("pdf", {"fileContent": {**FILE, "file_path": url}}).field == "content.fileContent.file_path"


@pytest.mark.parametrize(
    "url", ["https://example.com", "HTTP://EXAMPLE.com:80/a?b#c", "example.co.uk/x", "https://ü.de/ö"]
)
def test_links_that_are_some(url: str) -> None:
    assert check("vcard", {"vCardContent": {**LEAST["vcard"], "website": url}})


def test_a_file_must_be_what_its_type_shows() -> None:
    error = wrong("images", {"imagesContent": [LEAST["images"][0], {**FILE, "content_type": "image/svg+xml"}]})
    assert error.field == "content.imagesContent[1].content_type"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=12,
)


@given(st.sampled_from(sorted(SHAPES)), json_values)
def test_anything_else_is_refused_with_a_field_and_a_sentence(type: str, value: object) -> None:
    content = {SHAPES[type][0]: value}
    try:
        assert check(type, content) == content
    except BadContent as error:
        caught = error
    else:
        return
    assert caught.field.startswith("content")
    assert caught.message


def test_links_are_types() -> None:
    assert set(SHAPES) > LINKS
    assert wrong("qr", {}).field == "type"
    assert wrong("text", "hello").field == "content"
