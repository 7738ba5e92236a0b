"""Styles that must scan: of every shape, colours that can be told apart, with and without all there is."""

import base64
import io
from typing import Any

from hypothesis import strategies as st
from PIL import Image, ImageDraw

from qr.shapes import EYES, RINGS, SHAPES

Said = dict[str, Any]

DARK = ["#000000", "#1d3557", "#7b1e3a", "#0b6e4f", "#4a148c", "rgb(120, 60, 0)"]
LIGHT = ["#ffffff", "#fffbe6", "#e8f1ff"]


def picture(width: int = 96, height: int = 96) -> Image.Image:
    """A logo: round, so that its corners are clear."""
    found = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(found)
    draw.ellipse((2, 2, width - 3, height - 3), fill="#e4572e")
    draw.polygon([(width / 2, height * 0.2), (width * 0.8, height * 0.75), (width * 0.2, height * 0.75)], fill="white")
    return found


def encoded(image: Image.Image, format: str = "PNG") -> bytes:
    target = io.BytesIO()
    image.save(target, format)
    return target.getvalue()


def data_uri(image: bytes, type: str = "image/png") -> str:
    return f"data:{type};base64,{base64.b64encode(image).decode()}"


LOGO = data_uri(encoded(picture()))
WIDE_LOGO = data_uri(encoded(picture(160, 60)))

_finder = st.sampled_from(sorted(RINGS)) | st.fixed_dictionaries(
    {"ring": st.sampled_from(sorted(RINGS)), "eye": st.sampled_from(sorted(EYES))},
    optional={"ring_color": st.sampled_from(DARK), "eye_color": st.sampled_from(DARK)},
)
_gradient = st.fixed_dictionaries(
    {"colors": st.lists(st.sampled_from(DARK), min_size=2, max_size=3)},
    optional={"type": st.sampled_from(["linear", "radial"]), "angle": st.integers(0, 360)},
)
_frame = st.sampled_from(["Scan me", "Menü & Karte", "امسح الرمز", "סרקו אותי 24", ""]) | st.fixed_dictionaries(
    {"caption": st.sampled_from(["Σκάναρέ με", "Сканируй", "A caption of two lines, which is long"])},
    optional={
        "color": st.sampled_from(DARK),
        "position": st.sampled_from(["top", "bottom"]),
        "corners": st.sampled_from(["square", "rounded"]),
    },
)
STYLES = st.fixed_dictionaries(
    {},
    optional={
        "shape": st.sampled_from(sorted(SHAPES)),
        "finder": _finder,
        "color": st.sampled_from(DARK),
        "background": st.sampled_from([*LIGHT, "transparent"]),
        "gradient": _gradient,
        "margin": st.integers(2, 8),
        "error_correction": st.sampled_from(["L", "M", "Q", "H"]),
        "frame": _frame,
    },
)
# With a logo, error correction is left to be as much as there is.
WITH_LOGO = st.tuples(
    STYLES,
    st.sampled_from([LOGO, WIDE_LOGO])
    | st.fixed_dictionaries({"image": st.just(LOGO), "safe_area": st.just("circle")}),
).map(lambda both: {**{name: value for name, value in both[0].items() if name != "error_correction"}, "logo": both[1]})
