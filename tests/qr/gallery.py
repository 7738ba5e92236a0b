"""The picture of docs/qr.md: `python -m tests.qr.gallery` draws it anew."""

from pathlib import Path
from typing import Any

from PIL import Image

import qr
from qr.style import parse
from tests.qr.rasters import opened
from tests.qr.styles import LOGO

FILE = Path(__file__).parents[2] / "docs" / "images" / "qr" / "gallery.png"
DATA = "https://go.example.com/k7Pm2qR"
SIDE, GAP, COLUMNS = 220, 20, 4
STYLES: tuple[dict[str, Any], ...] = (
    {},
    {"shape": "rounded", "finder": "rounded", "color": "#1d3557"},
    {"shape": "dots", "finder": "circle", "gradient": {"colors": ["#0b6e4f", "#1d3557"]}},
    {"shape": "diamond", "finder": {"ring": "square", "eye": "diamond", "eye_color": "#b3261e"}},
    {"shape": "classy", "finder": "leaf", "gradient": {"colors": ["#6a0572", "#b5179e"]}},
    {"shape": "vertical", "finder": "rounded", "gradient": {"type": "radial", "colors": ["#005f73", "#9b2226"]}},
    {"shape": "rounded", "finder": "rounded", "logo": LOGO},
    {"shape": "dots", "finder": "circle", "logo": {"image": LOGO, "safe_area": "circle"}, "color": "#222222"},
    {"frame": "Scan me"},
    {"frame": {"caption": "امسح الرمز 2026", "color": "#0b6e4f", "position": "top"}, "shape": "rounded"},
    {"frame": {"caption": "סרקו אותי – Menü (10%)", "color": "#e9c46a", "corners": "square"}, "background": "#fffbe6"},
    {"frame": {"caption": "Σκανάρισέ με για το μενού και τις τιμές", "color": "#1d3557"}, "shape": "horizontal"},
)


def main() -> None:
    pictures = [opened(qr.draw(DATA, parse(style), "png", SIDE)).convert("RGBA") for style in STYLES]
    rows = [pictures[at : at + COLUMNS] for at in range(0, len(pictures), COLUMNS)]
    heights = [max(picture.height for picture in row) for row in rows]
    width = COLUMNS * SIDE + (COLUMNS + 1) * GAP
    sheet = Image.new("RGB", (width, sum(heights) + (len(rows) + 1) * GAP), "#d5dae2")
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for at, picture in enumerate(row):
            sheet.paste(picture, (GAP + at * (SIDE + GAP), top), picture)
        top += height + GAP
    FILE.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(128, dither=Image.Dither.NONE).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
