"""Any payload → symbol → picture → scanner → the same payload: every type, every format, many styles."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from PIL import ImageChops, ImageStat

import qr
from qr.errors import Unreadable
from qr.payload import text
from qr.style import PLAIN, parse
from tests.qr import rasters
from tests.qr.contents import CONTENTS
from tests.qr.styles import LOGO, STYLES, WITH_LOGO

Said = dict[str, Any]

payloads = st.sampled_from(sorted(CONTENTS)).flatmap(
    lambda type: CONTENTS[type].map(lambda content: text(type, content))
)
short = payloads.filter(lambda payload: len(payload.encode()) <= 250)


def examples(number: int) -> settings:
    """So many, and none of them made smaller when it fails: each takes a while, and says enough as it is."""
    phases = (Phase.explicit, Phase.generate)
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), phases=phases)


def drawn(payload: str, style: Said, format: str, width: int) -> bytes:
    """Of some payloads a style makes a symbol that is read with luck only: it is refused. Any other scans."""
    try:
        return qr.draw(payload, parse(style), format, width)
    except Unreadable as unreadable:
        assume("in the best of light only" not in unreadable.message)
        raise


@pytest.mark.parametrize("type", sorted(CONTENTS))
def test_every_type_is_read_as_it_was_written(type: str) -> None:
    @examples(6)
    @given(CONTENTS[type])
    def reads(content: Said) -> None:
        payload = text(type, content)
        assert rasters.read(rasters.opened(qr.draw(payload, PLAIN, "png", 500))) == payload

    reads()


@examples(30)
@given(st.text(min_size=1, max_size=80))
def test_any_text_at_all(payload: str) -> None:
    assert rasters.read(rasters.opened(qr.draw(payload, PLAIN, "png", 500))) == payload


@examples(15)
@given(payloads.filter(lambda payload: len(payload.encode()) <= 400), STYLES)
def test_png(payload: str, style: Said) -> None:
    assert rasters.read(rasters.opened(drawn(payload, style, "png", 500))) == payload


@examples(15)
@given(short, WITH_LOGO)
def test_png_with_a_logo(payload: str, style: Said) -> None:
    """A logo that is too large for a small symbol is said to be so; any other scans."""
    try:
        picture = drawn(payload, style, "png", 500)
    except Unreadable as unreadable:
        assume(unreadable.field != "style.logo" or "too large" not in unreadable.message)
        raise
    assert rasters.read(rasters.opened(picture)) == payload


@examples(1)
@given(st.lists(st.tuples(short, STYLES), min_size=18, max_size=18))
def test_svg_in_a_browser(cases: list[tuple[str, Said]]) -> None:
    svgs = [drawn(payload, style, "svg", 330) for payload, style in cases]
    with tempfile.TemporaryDirectory() as folder:
        shown = rasters.of_svgs(svgs, 400, Path(folder))
    assert [rasters.read(picture) for picture in shown] == [payload for payload, _ in cases]


@examples(6)
@given(short, STYLES)
def test_pdf(payload: str, style: Said) -> None:
    with tempfile.TemporaryDirectory() as folder:
        picture = rasters.of_pdf(drawn(payload, style, "pdf", 500), Path(folder))
    assert rasters.read(picture) == payload


@examples(6)
@given(short, STYLES)
def test_eps(payload: str, style: Said) -> None:
    with tempfile.TemporaryDirectory() as folder:
        picture = rasters.of_eps(drawn(payload, style, "eps", 500), Path(folder))
    assert rasters.read(picture) == payload


LOOKS: dict[str, Said] = {
    "plain": {},
    "dots": {"shape": "dots", "finder": "circle", "gradient": {"colors": ["#1d3557", "#7b1e3a"], "angle": 30}},
    "logo": {
        "shape": "rounded",
        "logo": LOGO,
        "gradient": {"type": "radial", "colors": ["#0b6e4f", "#000", "#4a148c"]},
    },
    "frame": {"frame": {"caption": "امسح الرمز", "color": "#7b1e3a"}, "background": "#fffbe6"},
    "clear": {"shape": "classy", "finder": "leaf", "background": "transparent", "frame": "Menü"},
}


def test_all_formats_look_the_same(tmp_path: Path) -> None:
    """Pixel by pixel, but for how each program draws an edge."""
    size, payload = 330, "https://s.example.net/k7Pm2qR"
    looks = [parse(style) for style in LOOKS.values()]
    browser = rasters.of_svgs([qr.draw(payload, look, "svg", size) for look in looks], 420, tmp_path)
    for name, look, svg in zip(LOOKS, looks, browser, strict=True):
        meant = rasters.on_white(rasters.opened(qr.draw(payload, look, "png", size)))
        shown = {
            "svg": svg.crop((0, 0, *meant.size)),
            "pdf": rasters.of_pdf(qr.draw(payload, look, "pdf", size), tmp_path),
            "eps": rasters.of_eps(qr.draw(payload, look, "eps", size), tmp_path),
        }
        for format, picture in shown.items():
            assert picture.width == meant.width and abs(picture.height - meant.height) <= 1
            frame = (0, 0, meant.width, min(picture.height, meant.height))
            difference = ImageChops.difference(picture.convert("RGB").crop(frame), meant.crop(frame))
            off = max(ImageStat.Stat(difference).mean)
            assert off < 9, f"{format} of {name} differs by {off:.1f} of 255"
