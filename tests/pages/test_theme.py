import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages import colour
from pages.theme import FONTS, PRESETS, theme

PAIRS = (("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("link", "card"), ("link", "paper"))
hexes = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def palettes(css: str) -> list[dict[str, colour.Colour]]:
    """The colours for light systems, and those for dark ones."""
    found = []
    for block in re.findall(r":root\{([^}]*)\}", css):
        pairs = re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", block)
        found.append({name: shade for name, text in pairs if (shade := colour.parse(text))})
    return found


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("background", "surface", "text", "accent"), hexes)))
def test_whatever_colours_are_asked_for_text_can_be_read(design: dict[str, str]) -> None:
    css = theme(design).css
    assert bool(css) is bool(design)
    for palette in palettes(css):
        for over, under in PAIRS:
            assert colour.contrast(palette[over], palette[under]) >= 4.45, (over, under, palette)
        assert colour.contrast(palette["on-accent"], palette["accent"]) >= 4.5


def test_colours_that_can_be_read_stay_as_they_are() -> None:
    light, _ = palettes(theme({"background": "#ffffff", "text": "#222244", "accent": "#0044aa"}).css)
    assert [colour.css(light[name]) for name in ("paper", "ink", "accent", "link")] == [
        "#ffffff", "#222244", "#0044aa", "#0044aa",
    ]  # fmt: skip


def test_a_light_page_is_dark_where_the_system_is() -> None:
    light, dark = palettes(theme({"background": "#fdf0e6"}).css)
    assert colour.is_light(light["paper"]) and not colour.is_light(dark["paper"])
    light, dark = palettes(theme({"background": "#14213d"}).css)
    assert light["paper"] == dark["paper"]
    assert len(palettes(theme({"mode": "dark"}).css)) == 1


@pytest.mark.parametrize(
    "design",
    [
        None, 5, [], "nothing", {"background": "red"}, {"background": "#12345"}, {"accent": "#fff;}"},
        {"font": "Comic"},
        {"layout": "card\" onclick"}, {"mode": ["dark"]}, {"theme": {"theme": {"theme": "x"}}}, {"text": {"a": 1}},
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left_out(design: Any) -> None:
    assert theme(design) == theme()


def test_the_design_has_the_last_word() -> None:
    both = theme({"accent": "#112233"}, {"accent": "#445566", "font": "serif", "layout": "cover"})
    assert "--accent:#112233" in both.css and FONTS["serif"] in both.css
    assert both.layout == "cover"
    assert theme({"primaryColor": "#123456"}) == theme({"accent": "#123456"})
    assert theme({"theme": "ocean"}) == theme("ocean") == theme(PRESETS["ocean"])


def test_contrast_is_that_of_the_guidelines() -> None:
    assert colour.contrast(colour.WHITE, colour.BLACK) == pytest.approx(21)
    assert colour.contrast((119, 119, 119), colour.WHITE) == pytest.approx(4.478, abs=0.001)
    assert colour.parse("#abc") == colour.parse("AABBCC") == (170, 187, 204)
