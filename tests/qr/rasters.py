"""Real programs that show SVG, PDF and EPS."""

import io
import os
import subprocess
from collections.abc import Sequence
from html import escape
from pathlib import Path

import zxingcpp
from PIL import Image

from tests.servers import require


def read(picture: Image.Image) -> str | None:
    """What a scanner reads in it, on white."""
    found = zxingcpp.read_barcodes(
        on_white(picture).convert("L"),
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
    )
    return found[0].text if len(found) == 1 else None


def on_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def of_pdf(pdf: bytes, folder: Path) -> Image.Image:
    """At one pixel for each point, by poppler."""
    require.programs("pdftoppm", why="a PDF is drawn by poppler")
    file = folder / "picture.pdf"
    file.write_bytes(pdf)
    _run("pdftoppm", "-png", "-singlefile", "-r", "72", str(file), str(folder / "picture"))
    return opened((folder / "picture.png").read_bytes())


def of_eps(eps: bytes, folder: Path) -> Image.Image:
    """At one pixel for each point, by Ghostscript, which leaves the edges of gradients rough unless it draws finer."""
    require.programs("gs", why="an EPS is drawn by Ghostscript")
    file, to = folder / "picture.eps", folder / "picture-eps.png"
    file.write_bytes(eps)
    quiet = ("-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dEPSCrop", "-sDEVICE=png16m", "-r288")
    _run("gs", *quiet, "-dGraphicsAlphaBits=4", "-o", str(to), str(file))
    fine = opened(to.read_bytes())
    return fine.resize((fine.width // 4, fine.height // 4), Image.Resampling.BOX)


def of_svgs(svgs: Sequence[bytes], side: int, folder: Path) -> list[Image.Image]:
    """Each as an image of a page, as large as it says it is but no larger than `side`, by Chromium."""
    require.programs("chromium", why="an SVG is shown by Chromium")
    columns = 6
    rows = -(-len(svgs) // columns)
    for at, svg in enumerate(svgs):
        (folder / f"{at}.svg").write_bytes(svg)
    cell = f"width:{side}px;height:{side}px;float:left"
    images = "".join(f'<div style="{cell}"><img src="{escape(f"{at}.svg")}"></div>' for at in range(len(svgs)))
    (folder / "page.html").write_text(f"<!doctype html><style>body{{margin:0}}img{{display:block}}</style>{images}")
    shot = folder / "page.png"
    _run(
        *(
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
        ),
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={columns * side},{rows * side}",
        f"--screenshot={shot}",
        (folder / "page.html").as_uri(),
    )
    page = opened(shot.read_bytes()).convert("RGB")
    corners = [(at % columns * side, at // columns * side) for at in range(len(svgs))]
    return [page.crop((x, y, x + side, y + side)) for x, y in corners]


def _run(*command: str) -> None:
    done = subprocess.run(
        command, capture_output=True, timeout=120, env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "/dev/null"}
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
