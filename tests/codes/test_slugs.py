"""codes: which texts are slugs."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import slugs
from codes.errors import Conflict, Refused
from redirect.paths import link_key_of_path
from schemas import keys
from schemas.probe_paths import is_probe


def test_the_alphabet_has_nothing_that_is_mistaken_for_something_else() -> None:
    assert len(slugs.ALPHABET) == 62 - 5
    assert not set("0O1Il") & set(slugs.ALPHABET)


@given(st.integers(0, 2**32), st.integers(3, 12))
def test_drawn_slugs_have_their_length_and_alphabet(seed: int, length: int) -> None:
    slug = slugs.draw(random.Random(seed), length)
    assert len(slug) == length
    assert set(slug) <= set(slugs.ALPHABET)
    assert slug not in slugs.RESERVED
    assert slugs.is_possible(slug)


def test_a_drawn_slug_is_never_a_reserved_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = slugs.draw(random.Random(3))
    monkeypatch.setattr(slugs, "RESERVED", frozenset({first}))
    assert slugs.draw(random.Random(3)) != first


@given(st.text(st.sampled_from("abcz09-AB_. é\n"), max_size=52))
def test_custom_slugs_are_what_the_document_says(slug: str) -> None:
    fine = (
        3 <= len(slug) <= 48
        and re.search(r"[^a-z0-9-]", slug) is None
        and not slug.startswith("-")
        and not slug.endswith("-")
        and "--" not in slug
    )
    if fine:
        assert slugs.check_chosen(slug) == slug
    else:
        with pytest.raises(Refused):
            slugs.check_chosen(slug)


@given(st.from_regex(r"[A-Za-z0-9._~-]{1,30}(/[A-Za-z0-9._~-]{1,30}){0,3}", fullmatch=True))
def test_imports_keep_what_is_printed_and_a_redirector_finds_it(slug: str) -> None:
    if {".", ".."} & set(slug.split("/")):
        with pytest.raises(Refused):
            slugs.check_imported(slug)
    elif slug in slugs.RESERVED or is_probe(slug):
        with pytest.raises(Conflict):
            slugs.check_imported(slug)
    else:
        assert slugs.check_imported(slug) == slug
        for form in (f"/{slug}", f"/{slug}/", f"/q/{slug}/", f"/r/{slug}"):
            assert link_key_of_path(form) == keys.link_key("", slug)


@pytest.mark.parametrize(
    "slug",
    [
        "",
        ".",
        "..",
        "x" * 129,
        "a b",
        "a%20b",
        "a\n",
        "é",
        "a{b}",
        "/a",
        "a/",
        "a//b",
        "a/../b",
        "a/.",
        "x/" * 64 + "x",
    ],
)
def test_imports_of_another_form_are_refused(slug: str) -> None:
    with pytest.raises(Refused):
        slugs.check_imported(slug)


@pytest.mark.parametrize("slug", ["a/b", "docs/intro", "2026/spring/menu-1", "a" * 24 + "/" + "b" * 23])
def test_an_alias_may_have_several_parts(slug: str) -> None:
    assert slugs.check_alias(slug, "aliases[0]") == slug


@pytest.mark.parametrize(
    "slug", ["ab", "A/b", "a/-b", "a-/b", "a//b", "/ab", "ab/", "a/b_c", "a/..", "a" * 24 + "/" + "b" * 24]
)
def test_an_alias_of_another_form_is_refused(slug: str) -> None:
    with pytest.raises(Refused, match=r"^aliases\[0\]: "):
        slugs.check_alias(slug, "aliases[0]")


@pytest.mark.parametrize("slug", ["q/abc", "r/x", "f/x", "v1/dynamic", "api/qr", "mcp/x", "static/app", "wp-admin/x"])
def test_below_a_path_of_the_services_there_is_no_slug(slug: str) -> None:
    for check in (slugs.check_alias, slugs.check_imported):
        with pytest.raises(Conflict):
            check(slug, "aliases[0]")
    assert link_key_of_path(f"/q/{slug}") is None


@pytest.mark.parametrize("slug", ["bulk", "custom-domains", "v1", "q", "r", "healthz", "robots.txt"])
def test_what_a_service_answers_itself_is_in_the_way(slug: str) -> None:
    for check in (slugs.check_chosen, slugs.check_imported):
        with pytest.raises(Conflict):
            check(slug)
