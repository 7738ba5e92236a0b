"""The answer of a question as people read it: a title and a table of plain text, for e-mail and Slack."""

from collections.abc import Sequence
from typing import Any

import msgspec

# What Slack takes: characters of a header, and of a section.
MAX_HEADER = 150
MAX_SECTION = 2_900
# Rows and characters of a cell of a table for people.
MAX_ROWS = 25
MAX_CELL = 48

_encoder = msgspec.json.Encoder()


class AnswerRow(msgspec.Struct, frozen=True):
    dimensions: Sequence[Any]
    metrics: Sequence[Any]


def table(dimensions: Sequence[str], metrics: Sequence[str], rows: Sequence[AnswerRow]) -> str:
    """Columns side by side, numbers to the right; what does not fit is said."""
    names = [*(name.rpartition(":")[2] for name in dimensions), *metrics]
    lines = [names, *([_text(value) for value in (*row.dimensions, *row.metrics)] for row in rows[:MAX_ROWS])]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    shown = []
    for line in lines:
        cells = [
            cell.ljust(widths[at]) if at < len(dimensions) else cell.rjust(widths[at]) for at, cell in enumerate(line)
        ]
        shown.append("  ".join(cells).rstrip())
    if len(rows) > MAX_ROWS:
        shown.append(f"and {len(rows) - MAX_ROWS:,} more")
    return "\n".join(shown)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = " ".join(str(value).split()) or "(none)"
        return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def slack(title: str, text: str) -> bytes:
    """The body of a message to an incoming webhook of Slack."""
    shown = _escaped(text)
    if len(shown) > MAX_SECTION:
        shown = shown[:MAX_SECTION].rpartition("\n")[0] + "\n…"
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:MAX_HEADER]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"```{shown}```"}},
    ]
    return _encoder.encode({"text": _escaped(title), "blocks": blocks})


def _escaped(text: str) -> str:
    """Slack reads mentions and links into < and >."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")
