"""Pictures of every view of the dashboard for the docs, from the demonstration: `make screenshots` writes
docs/images/dashboard/.

`python -m tests.dashboard.screenshots [--data FOLDER] [NAME…]` takes some of them, and keeps the data between runs.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
import requests
from PIL import Image

from harness.agents import PHONE
from harness.launcher import WaymarkUp, clean_environment
from tests.dashboard.driving import drive
from tests.docs.readme_picture import waymark
from tests.waymark.running import wait_for

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "dashboard"
# A round of the audit, which runs in the background.
PROVEN_WITHIN_S = 200.0
KEY = "oqr_live_picture0123456789abcdef01234567"
SCANS = 200_000
MOST_BYTES = 150_000
MOST_IN_ALL = 1_500_000
COLOURS = 128
SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
Step = Sequence[str]


class Shot(msgspec.Struct, frozen=True):
    """`path` may hold the label of a code in braces; without a path it is what stands there before one signs in.
    `looks` are size and scheme."""

    name: str
    path: str
    steps: Sequence[Step] = ()
    looks: Sequence[tuple[str, str]] = (("desk", "light"),)


MENU, CAN, OWL = "{Menu, every table}", "{Cold brew, can}", "{Night owl, bus stops}"
EVERYWHERE = (("desk", "light"), ("desk", "dark"), ("phone", "light"))
SHOTS = (
    Shot("sign-in", ""),
    Shot("overview", "/", looks=EVERYWHERE),
    Shot("overview-year", "/?period=12mo&compare=none", [["scroll", ".series"]]),
    Shot("overview-map", "/?period=90d", [["scroll", ".panels > :last-child"]] * 2),
    Shot("overview-filtered", "/?period=90d&f=scan%3Autm_campaign~night-owl", [["click", ".proof-mark"]]),
    Shot(
        "details",
        "/?period=90d",
        [["click", ".panel:has-text('Places') .panel-foot button >> nth=0"], ["see", "dialog"]],
    ),
    Shot("palette", "/", [["press", "Control+k"], ["fill", ".palette-input", "owl"], ["see", ".palette-option"]]),
    Shot("codes", "/codes", looks=EVERYWHERE),
    Shot("codes-many", "/codes", [["click", ".code-choice >> nth=1"], ["click", ".code-choice >> nth=2"]]),
    Shot("create", "/codes", [["click", "button:Create a code"], ["see", "dialog"]]),
    Shot("create-many", "/codes", [["click", "button:Create many"], ["see", "dialog"]]),
    Shot("import", "/codes", [["click", "button:Import"], ["see", "dialog"]]),
    Shot("code", f"/codes/{OWL}", looks=EVERYWHERE),
    Shot("code-rules", f"/codes/{MENU}/rules"),
    Shot("code-variants", f"/codes/{CAN}/variants?period=90d"),
    Shot("code-placements", f"/codes/{OWL}/placements?period=90d"),
    Shot("code-settings", f"/codes/{OWL}/settings"),
    Shot("code-history", f"/codes/{OWL}/history"),
    Shot("designer", f"/codes/{OWL}/design", [["see", ".verdict"]], looks=EVERYWHERE),
    Shot("print", "/codes/print"),
    Shot("shared", "{shared}", looks=(("desk", "light"), ("phone", "light"))),
    Shot("settings-domains", "/settings/domains"),
    Shot("settings-keys", "/settings/keys"),
    Shot("settings-reports", "/settings/reports"),
    Shot("settings-webhooks", "/settings/webhooks"),
    Shot("settings-shared", "/settings/shared"),
    Shot("settings-exports", "/settings/exports"),
    Shot("settings-files", "/settings/files"),
    Shot("settings-branding", "/settings/branding"),
    Shot("settings-sessions", "/settings/sessions"),
    Shot("settings-usage", "/settings/usage"),
    Shot("settings-system", "/settings/system"),
)


@contextmanager
def demonstration(data: Path, log: Path, *, prove: bool) -> Iterator[WaymarkUp]:
    """A Waymark that runs with the demonstration, which is made unless the folder has it."""
    environment = clean_environment() | {"WAYMARK_BOOTSTRAP_KEY": KEY, "WAYMARK_SHORT_URL": "https://go.example.com"}
    up = WaymarkUp(data, out=log, environment=environment)
    made = data.exists()
    up.start()
    try:
        up.wait_until_ready()
        if not made:
            waymark(data, "demo", "--scans", str(SCANS))
        if prove:
            wait_for(lambda: ask(up, "/v1/proof")["verdict"] == "green", within_s=PROVEN_WITHIN_S, what="the proof")
        yield up
    finally:
        up.stop()


def ask(up: WaymarkUp, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {KEY}"}
    method = "GET" if body is None else "POST"
    answer = requests.request(method, f"http://localhost:{up.api_port}{path}", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()


def file_of(shot: Shot, look: tuple[str, str]) -> str:
    """Without what is usual."""
    unusual = [part for part in look if part not in ("desk", "light")]
    return f"{'-'.join([shot.name, *unusual])}.png"


def take(up: WaymarkUp, shots: Sequence[Shot], folder: Path) -> None:
    # So that the live number has something to say.
    for slug in ("menu", "origin", "app", "menu", "owl", "brew", "menu", "lisboa", "origin", "owl", "menu"):
        scanned = f"http://localhost:{up.redirect_port}/{slug}"
        requests.get(scanned, headers={"User-Agent": PHONE}, allow_redirects=False, timeout=10)
    codes = {code["label"]: code["id"] for code in ask(up, "/v1/dynamic?limit=100")["codes"]}
    shown = {"name": "Night owl, bus stops", "code_id": codes[OWL[1:-1]], "embeddable": True}
    paths = {"{shared}": urlsplit(ask(up, "/v1/shared-views", shown)["url"]).path}
    paths |= {f"{{{label}}}": id for label, id in codes.items()}
    for look in dict.fromkeys(look for shot in shots for look in shot.looks):
        size, scheme = look
        steps: list[Step] = [["open", "/"]]
        if "sign-in" in {shot.name for shot in shots if look in shot.looks}:
            steps += [["see", "button:Sign in"], ["picture", str(folder / "sign-in.png")]]
        steps += [["fill", "textbox:API key", KEY], ["click", "button:Sign in"], ["see", "heading:Overview"]]
        for shot in shots:
            if shot.path and look in shot.looks:
                path = shot.path
                for name, value in paths.items():
                    path = path.replace(name, value)
                steps += [["open", path], ["see", "h1"], *shot.steps, ["picture", str(folder / file_of(shot, look))]]
        flow = drive(f"http://localhost:{up.api_port}", steps, scheme=scheme, **SIZES[size])
        for fault in flow.end["faults"]:
            print(f"{size}, {scheme}: {fault}")


def compress(picture: Path) -> int:
    """To a palette: the pictures are areas of few colours."""
    with Image.open(picture) as whole:
        small = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(picture, optimize=True)
    return picture.stat().st_size


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Keep the data of the demonstration here.")
@click.option("--into", type=click.Path(path_type=Path), default=FOLDER, help="Where the pictures go.")
@click.argument("names", nargs=-1)
def main(data: Path | None, into: Path, names: tuple[str, ...]) -> None:
    """Takes all pictures, or those that are named."""
    into.mkdir(parents=True, exist_ok=True)
    shots = [shot for shot in SHOTS if not names or shot.name in names]
    if not names:
        for old in into.glob("*.png"):
            old.unlink()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with demonstration(data or folder / "data", folder / "log", prove=not names) as up:
            take(up, shots, into)
    sizes = {
        picture.name: compress(picture)
        for picture in sorted(into.glob("*.png"))
        if not names or picture.stem.startswith(names)
    }
    for file, size in sizes.items():
        print(f"{file}: {size:,} bytes")
    large = [file for file, size in sizes.items() if size > MOST_BYTES]
    whole = sum(picture.stat().st_size for picture in into.glob("*.png"))
    if large or whole > MOST_IN_ALL:
        raise click.ClickException(f"too large for the docs: {', '.join(large) or f'{whole:,} bytes in all'}")


if __name__ == "__main__":
    main()
