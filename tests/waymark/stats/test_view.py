"""The page of `waymark stats`: as docs/query.md shows it, in any width, and harmless."""

import re
from pathlib import Path

import click
import msgspec
import pytest
from rich.cells import cell_len

from tests.waymark.stats.samples import answer, posters, row
from waymark.stats.view import Look, Stats, page

DOCS = (Path(__file__).parents[3] / "docs" / "query.md").read_text()


def test_it_is_what_the_documentation_shows() -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", DOCS, re.DOTALL)
    assert "\n".join(page(posters(), Look(width=72))).strip("\n") == shown.strip("\n")


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [20, 40, 41, 59, 60, 80, 100, 300])
def test_it_fits(width: int, unicode: bool) -> None:
    lines = page(posters(), Look(width=width, unicode=unicode))
    assert max(map(cell_len, lines)) <= max(40, min(width, 100))
    assert unicode or "\n".join(lines).isascii()


def test_color_changes_nothing_else() -> None:
    plain, colored = (page(posters(), Look(color=color)) for color in (False, True))
    assert "\x1b[" not in "\n".join(plain) and "\x1b[36m" in "\n".join(colored)
    assert [click.unstyle(line).rstrip() for line in colored] == plain


def table(dimension: str, *rows: tuple[object, int], **meta: object) -> list[str]:
    shown = [row([name], [n, n / 10]) for name, n in rows]
    breakdown = answer(shown, dimension, compare=False, **meta)
    lines = page(msgspec.structs.replace(posters(), breakdown=breakdown), Look(width=60))
    first = next(at for at, line in enumerate(lines) if line.startswith("  by "))
    return [line.split("  ")[1] for line in lines[first + 1 : first + 1 + len(rows)]]


def test_names_of_values() -> None:
    codes = {"0b8f": {"slug": "menu", "label": "Menu, every table", "short_url": "x"}}
    assert table("code", ("0b8f", 2), ("deleted-1a", 1), codes=codes) == ["menu · Menu, ever…", "deleted-1a"]
    assert table("scan:country", ("DE", 2), ("", 1)) == ["DE", "Unknown"]
    assert table("scan:referrer_host", ("", 1)) == ["Direct"]
    assert table("code:tag", ("", 1)) == ["no tag"]
    assert table("time:hour_of_week", (14, 2), (167, 1)) == ["Mon 14:00", "Sun 23:00"]
    assert table("time:day", ("2026-05-21", 2)) == ["21 May 2026"]


def test_what_strangers_send_is_not_obeyed() -> None:
    """A placement or a campaign may hold what a terminal takes for a command, or turn the line around."""
    names = table("scan:placement", ("\x1b[2Jwindow", 3), ("\u202etxt.exe", 2), ("a\nb", 1))
    assert names == ["?[2Jwindow", "?txt.exe", "a?b"]
    wide = table("scan:city", ("東京都千代田区丸の内一丁目九番一号東京駅, JP", 1))
    assert wide[0].endswith("…") and cell_len(wide[0]) <= 20


def test_nothing_to_see() -> None:
    nothing = answer([row([], [0, 0, None])], compare=False, complete_until=None)
    lines = page(Stats("menu", nothing, answer([], "time:day"), answer([], "scan:country")), Look())
    text = "\n".join(lines)
    assert "No scans." in text and "by country" not in text and "Not known" in text


def test_changes() -> None:
    total = answer([row([], [20, 1, None], [1, 0, None])])
    text = "\n".join(page(msgspec.structs.replace(posters(), total=total), Look()))
    assert re.search(r"20 scans +× 20 from 1\n", text) and re.search(r" 1 visitor +new from 0\n", text)
