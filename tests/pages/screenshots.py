"""Pictures of every page for the docs: `make screenshots` writes docs/images/pages/."""

import sys
import tempfile
from pathlib import Path

from tests.pages.chromium import serving, visit
from tests.pages.film import record
from tests.pages.samples import SAMPLES
from tests.pages.site import NOTICES, site

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "pages"
SIZE = {"width": 360, "height": 640}
MOST_BYTES = 60_000
VIEWS = [{"name": scheme, "scheme": scheme, **SIZE} for scheme in ("light", "dark")]
DESK = [{"name": "desk", "scheme": "light", "width": 1100, "height": 760}]


def names() -> list[str]:
    return [*SAMPLES, *NOTICES]


def main(*only: str) -> None:
    """All pictures, or those of these pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        if not only or old.stem.rpartition("-")[0] in only:
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        film = record(Path(folder))
    with serving(site({"quay.webm": film})) as base:
        # A film's first picture comes a moment after the page.
        shots = [
            {"name": name, "url": f"{base}/{name}", "wait": 400, "shot": str(FOLDER / f"{name}-{{view}}.png")}
            for name in only or names()
        ]
        visit(shots, views=VIEWS)
        visit([shot for shot in shots if shot["name"] == "vcard_plus"], views=DESK)
    for picture in sorted(FOLDER.glob("*.png")):
        size = picture.stat().st_size
        print(f"{picture.name}: {size:,} bytes")
        assert size < MOST_BYTES, f"{picture.name} is too large for the docs"


if __name__ == "__main__":
    main(*sys.argv[1:])
