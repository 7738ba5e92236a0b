"""Draws docs/images/architecture.svg, the processes and stores of Waymark: `make diagrams`.

Boxes and arrows stand below as data, each box with the rooms whose code runs in it. A test holds that the file is what
this module draws, and that the rooms exist.
"""

from pathlib import Path
from typing import Literal, NamedTuple

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "architecture.svg"
WIDTH, HEIGHT = 900, 430

Look = Literal["process", "store", "outside"]


class Box(NamedTuple):
    x: int
    y: int
    width: int
    look: Look
    name: str
    # What it does, or what it is on one machine and elsewhere; a line each.
    lines: tuple[str, ...] = ()
    # The rooms whose code it is.
    rooms: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        return 40 + 17 * (len(self.lines) + bool(self.rooms))


class Arrow(NamedTuple):
    # SVG's path data.
    path: str
    text: str = ""
    x: int = 0
    y: int = 0


BOXES = (
    Box(10, 36, 120, "outside", "scanner", ("a phone",)),
    Box(210, 20, 190, "process", "redirector", ("looks up, decides,", "records, answers"), ("redirect", "pages")),
    Box(210, 186, 190, "store", "Redis", ("codes, routes, keys",), ("codes", "schemas")),
    Box(210, 318, 190, "process", "API", ("four dialects, MCP,", "QR codes"), ("api", "codes", "qr", "analytics")),
    Box(10, 334, 120, "outside", "owner", ("an API client,", "an assistant")),
    Box(480, 20, 170, "store", "journal", ("numbered scans,", "on this disk"), ("ingest",)),
    Box(730, 20, 160, "store", "Kafka", ("where there are", "several machines"), ("ingest",)),
    Box(730, 176, 160, "process", "aggregator", ("each scan once;", "audit, erase"), ("aggregator",)),
    Box(730, 318, 160, "store", "warehouse", ("chDB or ClickHouse:", "rows and rollups"), ("schemas",)),
)

ARROWS = (
    Arrow("M130 56H208", "scan", 169, 48),
    Arrow("M210 80H132", "302", 171, 96),
    Arrow("M400 66H478", "append", 439, 58),
    Arrow("M650 66H728", "ship", 689, 58),
    Arrow("M565 111V222H728", "one machine", 646, 214),
    Arrow("M810 111V174"),
    Arrow("M810 267V316", "insert", 834, 297),
    Arrow("M305 186V113", "each change, at once", 374, 155),
    Arrow("M305 318V262", "edit", 324, 297),
    Arrow("M130 364H208", "call", 169, 356),
    Arrow("M400 364H728", "questions", 565, 356),
)

STYLE = """
    .process { fill: #f4f7fb; stroke: #4a6785; stroke-width: 1.5; }
    .store { fill: #fff6e0; stroke: #b98a1e; stroke-width: 1.5; }
    .outside { fill: none; stroke: #7d8793; stroke-width: 1.5; stroke-dasharray: 4 4; }
    .line { stroke: #4a6785; stroke-width: 1.8; fill: none; marker-end: url(#tip); }
    .head { fill: #4a6785; }
    text { fill: #1d2733; }
    .name { font-weight: 600; }
    .small { font-size: 12px; }
    .rooms { font: 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #4a6785; }
    @media (prefers-color-scheme: dark) {
      .process { fill: #1b2735; stroke: #8fb0d3; }
      .store { fill: #33290f; stroke: #d9ab45; }
      .outside { stroke: #98a3af; }
      .line { stroke: #8fb0d3; }
      .head { fill: #8fb0d3; }
      text { fill: #e6edf5; }
      .rooms { fill: #8fb0d3; }
    }
"""
TITLE = "The processes and stores of Waymark"
DESCRIPTION = (
    "A scanner asks the redirector, which appends the scan to its journal and answers. The aggregator reads the "
    "journal, or Kafka, and inserts each scan into the warehouse once. An owner calls the API, which keeps codes in "
    "Redis; Redis tells the redirectors of each change. Questions go from the API to the warehouse."
)


def box(each: Box) -> str:
    middle = each.x + each.width // 2
    rooms = " ".join(f"{room}/" for room in each.rooms)
    lines = "".join(
        f'<text class="{look}" x="{middle}" y="{each.y + 44 + 17 * at}">{line}</text>'
        for at, (look, line) in enumerate([*(("small", line) for line in each.lines), ("rooms", rooms)])
        if line
    )
    return (
        f'<rect class="{each.look}" x="{each.x}" y="{each.y}" width="{each.width}" height="{each.height}" rx="8"/>'
        f'<text class="name" x="{middle}" y="{each.y + 25}">{each.name}</text>{lines}'
    )


def arrow(each: Arrow) -> str:
    text = f'<text class="small" x="{each.x}" y="{each.y}">{each.text}</text>' if each.text else ""
    return f'<path class="line" d="{each.path}"/>{text}'


def drawn() -> str:
    """The whole picture."""
    parts = "\n".join(f"    {part}" for part in [*map(box, BOXES), *map(arrow, ARROWS)])
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" \
aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="14">
  <title id="title">{TITLE}</title>
  <desc id="desc">{DESCRIPTION}</desc>
  <style>{STYLE}  </style>
  <defs>
    <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
      <path class="head" d="M0 0 10 5 0 10z"/>
    </marker>
  </defs>
  <g text-anchor="middle">
{parts}
  </g>
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(drawn())
