import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages import links
from tests.pages.hostile import SCHEMES


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (links.web("https://example.com/a?b=c#d"), "https://example.com/a?b=c#d"),
        (links.web("example.co.uk/x"), "https://example.co.uk/x"),
        (links.web("ftp://example.com"), ""),
        (links.web("https://user@example.com"), ""),
        (links.any_link("mailto:a@example.com"), "mailto:a@example.com"),
        (links.any_link("TEL:+44"), "TEL:+44"),
        (links.own_file("/f/ab.png/a%20b.png"), "/f/ab.png/a%20b.png"),
        (links.own_file("/f/../x/y"), ""),
        (links.own_file("//evil.example/f/a/b"), ""),
        (links.profile("@ada.lovelace", "https://www.instagram.com/"), "https://www.instagram.com/ada.lovelace"),
        (links.profile("instagram.com/ada", "https://www.instagram.com/"), "https://instagram.com/ada"),
        (links.profile("https://elsewhere.example/x", "https://x.com/"), "https://elsewhere.example/x"),
        (links.profile("javascript:x", "https://x.com/"), ""),
        (links.call("+44 (0)20 7946-0018 ext. 5"), "tel:+442079460018,5"),
        (links.call("none"), ""),
        (links.message("+44 20", "a b&c"), "sms:+4420?body=a%20b%26c"),
        (links.mail("a+b@example.com", "x y"), "mailto:a+b@example.com?subject=x%20y"),
        (links.mail("a@example.com?bcc=x"), "mailto:a@example.com%3Fbcc%3Dx"),
        (links.chat("+351 91", ""), "https://wa.me/35191"),
        (links.coins("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "1e9"), "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
        (links.coins("not an address"), ""),
        (links.pay("acme/../x", "5"), ""),
        (links.point(51.5, -0.1)[0], "geo:51.5,-0.1"),
        (links.search_map("1 Quay St\nBristol"), "https://www.openstreetmap.org/search?query=1+Quay+St+Bristol"),
    ],
)
def test_an_address_or_none(made: str, expected: str) -> None:
    assert made == expected


MAKERS = [
    links.web,
    links.any_link,
    links.own_file,
    links.call,
    links.message,
    links.mail,
    links.chat,
    links.coins,
    links.pay,
    links.search_map,
    lambda text: links.profile(text, "https://x.com/"),
]
SAFE = ("https:", "http:", "mailto:", "tel:", "sms:", "geo:", "bitcoin:", "/f/")


@pytest.mark.parametrize("make", MAKERS)
@given(st.text() | st.sampled_from(SCHEMES))
def test_nothing_but_known_schemes_comes_out(make: "object", text: str) -> None:
    assert callable(make)
    made = make(text)
    assert made == "" or made.lower().startswith(SAFE)
    assert made == "" or (made.isprintable() and not set(' "<>\\') & set(made))
