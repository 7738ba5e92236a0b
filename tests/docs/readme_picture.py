"""The picture at the top of the README, taken from a Waymark that runs: docs/images/waymark-*.png (`make screenshots`).

Nothing in it is drawn by hand: the code, the page that a phone shows at its short link, the figures of the API and the
words of `waymark audit` are what this run answered, for the scans that `waymark demo` makes.
"""

import base64
import html
import subprocess
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import requests

from harness.launcher import ROOT, WAYMARK, WaymarkUp, clean_environment
from tests.pages.chromium import Answer, serving, visit
from tests.pages.samples import SAMPLES

IMAGES = Path(__file__).parents[2] / "docs" / "images"
STYLE = Path(__file__).with_name("readme_picture.css")
KEY = "oqr_live_picture0123456789abcdef01234567"
SCANS = "60000"
LABEL = "Menu, every table"
CODE_STYLE = {"shape": "rounded", "finder": "rounded", "margin": 1}
PHONE = {"width": 330, "height": 690, "scale": 2}
SHEET = {"width": 1290, "height": 720, "scale": 2}
AUDIT_LINES = 5
CHART = (540, 118)
SCHEMES = ("light", "dark")
MOST_BYTES = 500_000


def bars(days: list[dict[str, Any]]) -> str:
    """The year as one bar a week."""
    weeks = [sum(day["n"] for day in days[at : at + 7]) for at in range(0, 364, 7)]
    width, height = CHART
    step, most = width / len(weeks), max(weeks)
    drawn = "".join(
        f'<rect x="{at * step:.1f}" y="{height - count / most * height:.1f}" width="{step * 0.68:.1f}" '
        f'height="{count / most * height:.1f}" rx="1.5"/>'
        for at, count in enumerate(weeks)
    )
    months = "".join(
        f'<text x="{at * 7 / 364 * width:.1f}" y="{height + 18}">{date.fromisoformat(days[at * 7]["day"]):%b}</text>'
        for at in range(0, 52, 9)
    )
    return f'<svg class="year" viewBox="0 0 {width} {height + 22}">{drawn}{months}</svg>'


def ranked(title: str, values: list[dict[str, Any]], top: int = 4) -> str:
    most = values[0]["n"]
    rows = "".join(
        f'<li><span class="bar" style="width:{each["n"] / most * 100:.0f}%"></span>'
        f'<span class="value">{html.escape(each["value"])}</span><span class="n">{each["n"]:,}</span></li>'
        for each in values[:top]
    )
    return f"<section><h3>{title}</h3><ol>{rows}</ol></section>"


def data_url(kind: str, body: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(body).decode()}"


def sheet(short_url: str, code: bytes, phone: bytes, scans: dict[str, Any], audit: str) -> str:
    """The four things beside each other, as a page."""
    found = scans["analytics"]
    week = scans["scans"]["last7"]
    terminal = html.escape("\n".join(audit.splitlines()[-AUDIT_LINES:]))
    return f"""<!doctype html><meta charset="utf-8"><style>{STYLE.read_text()}</style>
<main>
<figure class="print"><figcaption>Print it once</figcaption>
  <div class="poster"><b>Café Mirador</b><i>Scan for today</i><img src="{data_url("image/svg+xml", code)}">
  <small>{html.escape(short_url.removeprefix("https://"))}</small></div>
  <p class="note">The code stays as it is printed. What a scan finds can change every day.</p></figure>
<figure class="scan"><figcaption>Change what it shows</figcaption>
  <div class="phone"><img src="{data_url("image/png", phone)}"></div></figure>
<figure class="count"><figcaption>Count every scan</figcaption>
  <div class="card"><header><h2>{LABEL}</h2><p><b>{found["window_total"]:,}</b> scans in a year ·
  <b>{week:,}</b> in the last 7 days</p></header>{bars(found["daily"])}
  <div class="lists">{ranked("Countries", found["by_country"])}{ranked("Devices", found["by_device"])}</div>
  </div></figure>
<figure class="prove"><figcaption>And prove it</figcaption><pre><b>$ waymark audit | tail -n {AUDIT_LINES}</b>
{terminal}</pre></figure>
</main>"""


def waymark(data: Path, *arguments: str) -> str:
    """What a command says, run beside `up`. Raises CalledProcessError."""
    command = [*WAYMARK, *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def taken(up: WaymarkUp, folder: Path) -> dict[str, str]:
    """The sheet in each scheme, from a Waymark that runs."""
    waymark(up.data, "demo", "--scans", SCANS)
    api = f"http://127.0.0.1:{up.api_port}/v1/dynamic"
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {KEY}"
        [code] = [each for each in session.get(api, params={"q": LABEL}).json()["codes"] if each["label"] == LABEL]
        address = f"{api}/{code['id']}"
        cafe = SAMPLES["business"]
        page: dict[str, Any] = {"type": cafe.type, "content": cafe.content, "page_design": {"theme": "sunset"}}
        session.patch(address, json=page | {"style": CODE_STYLE}).raise_for_status()
        shot = str(folder / "phone-{view}.png")
        visit(
            [{"name": "phone", "url": f"http://127.0.0.1:{up.redirect_port}/{code['slug']}", "shot": shot}],
            views=[{"name": scheme, "scheme": scheme, **PHONE} for scheme in SCHEMES],
        )
        drawn = session.get(f"{address}/qr", params={"format": "svg"})
        drawn.raise_for_status()
        scans = session.get(f"{address}/scans", params={"days": 365}).json()
    audit = waymark(up.data, "audit").strip()
    phones = {scheme: Path(shot.replace("{view}", scheme)).read_bytes() for scheme in SCHEMES}
    return {scheme: sheet(code["short_url"], drawn.content, phones[scheme], scans, audit) for scheme in SCHEMES}


def save(scheme: str, body: str) -> None:
    picture = IMAGES / f"waymark-{scheme}.png"
    answer = Answer(200, body.encode(), (("content-type", "text/html; charset=utf-8"),))
    with serving(lambda *_: answer) as base:
        shot = {"name": scheme, "url": base, "shot": str(picture)}
        visit([shot], views=[{"name": scheme, "scheme": scheme, **SHEET}])
    size = picture.stat().st_size
    print(f"{picture.name}: {size:,} bytes")
    assert size < MOST_BYTES, f"{picture.name} is too large for the README"


def main() -> None:
    environment = clean_environment() | {"WAYMARK_BOOTSTRAP_KEY": KEY, "WAYMARK_SHORT_URL": "https://go.example.com"}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        up = WaymarkUp(folder / "data", out=folder / "log", environment=environment)
        up.start()
        try:
            up.wait_until_ready()
            sheets = taken(up, folder)
        finally:
            up.stop()
    for scheme, body in sheets.items():
        save(scheme, body)


if __name__ == "__main__":
    main()
