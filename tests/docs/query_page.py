"""The twenty questions of docs/query.md: read from the page, and their answers as it shows them.

`python -m tests.docs.query_page` asks a Waymark of its own and writes the answers into the page.
"""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from tests.docs.query_world import fill
from tests.waymark.running import Up, up, wait_for

PAGE = Path(__file__).parents[2] / "docs" / "query.md"
_SECTION = re.compile(r"(^### \d+\. .*?)(?=^### |^## |\Z)", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\|.*\|\n(?:\|.*\|\n)+", re.MULTILINE)


class Asked(msgspec.Struct, frozen=True):
    """A question of the page, the same in the address bar if it has that, and the table that it shows."""

    title: str
    question: dict[str, Any]
    address: str
    table: str


def asked(text: str) -> list[Asked]:
    return [_asked(section) for section in _SECTION.findall(text)]


def _asked(section: str) -> Asked:
    (body,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    address = re.search(r"`(/v1/analytics\?[^`]+)`", section)
    table = _TABLE.search(section)
    title = section.splitlines()[0].removeprefix("### ")
    return Asked(title, json.loads(body), address[1] if address else "", table[0] if table else "")


def table(answer: dict[str, Any]) -> str:
    """As the page shows an answer."""
    query = answer["query"]
    compared = any(row["comparison"] for row in answer["results"])
    names = [name.partition(":")[2] or name for name in query["dimensions"]] + query["metrics"]
    titles = [name.replace("_", " ") for name in names]
    if compared:
        titles += [f"{metric} before" for metric in query["metrics"]] + ["change"]
    lines = [titles, ["---"] * len(titles)]
    lines += [_cells(row, query, compared, answer["meta"]["codes"]) for row in answer["results"]]
    if (rest := answer["remainder"]) is not None:
        others = ["all others", *[""] * (len(query["dimensions"]) - 1)]
        lines.append(_cells({**rest, "dimensions": others}, query, compared, {}))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: dict[str, Any], query: dict[str, Any], compared: bool, codes: dict[str, Any]) -> list[str]:
    cells = [codes[name]["slug"] if name in codes else _value(name) for name in row["dimensions"]]
    cells += [_metric(*pair) for pair in zip(query["metrics"], row["metrics"], strict=True)]
    if compared:
        was = row["comparison"] or {"metrics": [None] * len(query["metrics"]), "change": [None]}
        cells += [_metric(*pair) for pair in zip(query["metrics"], was["metrics"], strict=True)]
        change = was["change"][0]
        cells.append("" if change is None else f"{change:+.1f} %")
    return cells


def _value(value: Any) -> str:
    return "*none*" if value == "" else str(value)


def _metric(name: str, value: Any) -> str:
    if value is None:
        return ""
    return f"{value * 100:.1f} %" if name == "share" else str(value)


def ask(one: Up, question: dict[str, Any]) -> dict[str, Any]:
    status, answer = one.call("POST", "/v1/query", question)
    assert status == 200, (question, answer)
    return dict(answer)


def scan_the_proof(one: Up) -> None:
    """Of the last question: three scans of today, through the redirector."""
    for path in ("q/spring-poster/?p=door", "q/spring-poster/?p=door", "spring-poster"):
        assert one.scan(path)[0] == 302
    today = {"metrics": ["scans"], "date_range": "today", "filters": [["is", "code", ["spring-poster"]]]}
    wait_for(lambda: ask(one, today)["results"][0]["metrics"] == [3], what="the scans of today are complete")


def main() -> None:
    text = PAGE.read_text()
    with up() as one:
        fill(one)
        scan_the_proof(one)

        def answered(match: re.Match[str]) -> str:
            found = _asked(match[1])
            shown = table(ask(one, found.question))
            if found.table:
                return match[1].replace(found.table, shown)
            return match[1].replace("```\n", f"```\n\n{shown}", 1)

        PAGE.write_text(_SECTION.sub(answered, text))


if __name__ == "__main__":
    main()
