"""What a style may say, and why one is refused."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qr
from qr import colours
from qr.errors import Refused, Unreadable
from qr.style import PLAIN, parse
from tests.qr import rasters
from tests.qr.styles import LOGO, WIDE_LOGO

LINK = "https://s.example.net/k7Pm2qR"


def test_nothing_said_is_plain() -> None:
    nulls = dict.fromkeys(["shape", "finder", "color", "background", "gradient", "margin", "logo", "frame"])
    assert parse(None) == parse({}) == parse(nulls) == parse({"wings": 2}) == PLAIN


@pytest.mark.parametrize(
    ("style", "field"),
    [
        ({"shape": "hexagon"}, "style.shape"),
        ({"shape": 3}, "style.shape"),
        ({"finder": []}, "style.finder"),
        ({"finder": {"ring": "diamond"}}, "style.finder.ring"),
        ({"finder": {"eye_color": "soft"}}, "style.finder.eye_color"),
        ({"color": "#12345"}, "style.color"),
        ({"color": "rgb(0, 0, 256)"}, "style.color"),
        ({"color": "url(#g0)"}, "style.color"),
        ({"background": '#fff"/><script>'}, "style.background"),
        ({"gradient": {"colors": ["#000"]}}, "style.gradient.colors"),
        ({"gradient": {"colors": ["#000", "x"]}}, "style.gradient.colors[1]"),
        ({"gradient": {"colors": ["#000", "#111"], "type": "conic"}}, "style.gradient.type"),
        ({"gradient": {"colors": ["#000", "#111"], "angle": float("nan")}}, "style.gradient.angle"),
        ({"margin": -1}, "style.margin"),
        ({"margin": True}, "style.margin"),
        ({"margin": 1e300}, "style.margin"),
        ({"error_correction": "X"}, "style.error_correction"),
        ({"logo": "file:///etc/passwd"}, "style.logo"),
        ({"logo": {"size": 0.2}}, "style.logo.image"),
        ({"logo": {"image": LOGO, "size": 0.9}}, "style.logo.size"),
        ({"frame": {"caption": 7}}, "style.frame.caption"),
        ({"frame": "x" * 61}, "style.frame"),
        ({"frame": {"position": "left"}}, "style.frame.position"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_field(style: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(style)
    assert refused.value.field == field


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["shape", "finder", "color", "gradient", "margin", "logo", "frame"]), json))
def test_anything_is_a_style_or_refused(style: dict[str, Any]) -> None:
    try:
        parse(style)
    except Refused as refused:
        assert refused.field.startswith("style.")  # noqa: PT017


@pytest.mark.parametrize(
    ("style", "field", "says"),
    [
        ({"color": "#999999"}, "style.color", "contrast is 2.8"),
        ({"color": "#fff", "background": "#000"}, "style.color", "inverted"),
        ({"gradient": {"colors": ["#000", "#eee"]}}, "style.gradient.colors[1]", "too close"),
        ({"finder": {"eye_color": "yellow"}}, "style.finder.eye_color", "too close"),
        ({"logo": {"image": LOGO, "size": 0.4}}, "style.logo", "too large"),
        ({"logo": LOGO, "error_correction": "L"}, "style.logo", "may cover"),
    ],
)
def test_what_would_not_scan_is_refused_with_the_reason(style: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        qr.draw("x" * 14, parse(style), "png", 400)
    assert unreadable.value.field == field
    assert says in unreadable.value.message


def test_too_few_pixels_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(Unreadable, match="needs about") as unreadable:
        qr.draw("x" * 600, PLAIN, "png", 64)
    assert unreadable.value.field == "size"


@pytest.mark.parametrize(("level", "holds"), [("L", 2953), ("M", 2331), ("Q", 1663), ("H", 1273)])
def test_a_symbol_holds_what_it_is_said_to(level: str, holds: int) -> None:
    style = parse({"error_correction": level})
    assert qr.draw("x" * holds, style, "svg", 512)
    with pytest.raises(Refused, match=f"{holds:,} bytes"):
        qr.draw("x" * (holds + 1), style, "svg", 512)


@pytest.mark.parametrize("margin", [0, 1, 4, 10])
def test_the_margin_is_as_wide_as_it_was_asked_for(margin: int) -> None:
    side = 25 + 2 * margin
    picture = rasters.opened(qr.draw(LINK, parse({"margin": margin, "error_correction": "L"}), "png", side * 8))
    dark = picture.convert("L").point([255 if value < 128 else 0 for value in range(256)]).getbbox()
    assert dark == (margin * 8, margin * 8, (margin + 25) * 8, (margin + 25) * 8)


def test_colours_and_clear_grounds_are_what_was_asked_for() -> None:
    picture = rasters.opened(qr.draw(LINK, parse({"color": "#1d3557", "background": "transparent"}), "png", 320))
    assert picture.mode == "RGBA"
    assert picture.getpixel((0, 0)) == (0, 0, 0, 0)
    assert (29, 53, 87, 255) in {colour for _, colour in picture.getcolors(10_000) or []}


def test_a_logo_keeps_its_shape_and_its_room() -> None:
    picture = rasters.opened(qr.draw(LINK, parse({"logo": WIDE_LOGO}), "png", 800)).convert("RGB")
    orange = [(x, y) for x in range(0, 800, 2) for y in range(0, 800, 2) if picture.getpixel((x, y)) == (228, 87, 46)]
    wide, high = (max(at) - min(at) for at in zip(*orange, strict=True))
    assert 2.2 < wide / high < 3.1


@pytest.mark.parametrize(
    ("one", "other", "contrast"), [("#000", "#fff", 21), ("#fff", "#fff", 1), ("#777777", "#ffffff", 4.48)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, contrast: float) -> None:
    both = colours.read(one), colours.read(other)
    assert both[0] is not None and both[1] is not None
    assert round(colours.contrast(both[0], both[1]), 2) == contrast


def test_text_in_a_title_or_caption_stays_text() -> None:
    svg = qr.draw(LINK, parse({"frame": '"><script>alert(1)</script>&'}), "svg", 400).decode()
    assert "script" not in svg and "alert" not in svg


def test_the_same_gives_the_same_bytes() -> None:
    style = parse({"logo": LOGO, "frame": "Scan me", "gradient": {"colors": ["#000", "#900"]}})
    for format in qr.FORMATS:
        assert qr.draw(LINK, style, format, 300) == qr.draw(LINK, style, format, 300)
