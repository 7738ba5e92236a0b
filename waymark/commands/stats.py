"""`waymark stats`: how often codes are scanned, drawn in the terminal."""

import os
import sys
from datetime import date, datetime
from pathlib import Path
from shutil import get_terminal_size
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from api.query_parameters import SHORT
from waymark.commands import output
from waymark.commands.keys import workspace_flag
from waymark.commands.options import Unusable, data_flag, explained, json_flag, settings
from waymark.data_dir import DataDir
from waymark.stats import questions
from waymark.stats.questions import COMPARISONS, Wanted
from waymark.stats.sources import Ask, NoAnswer, from_api, from_core
from waymark.stats.view import Look, Stats, page


@click.command()
@click.argument("codes", metavar="[CODE]...", nargs=-1)
@click.option("--tag", "tags", multiple=True, help="Only codes with this tag; repeat it for any of several.")
@click.option("--folder", "folders", multiple=True, help="Only codes in this folder, by its name or id.")
@click.option("--by", default="country", show_default=True, help="What to break down by.")
@click.option("--range", "date_range", default="28d", show_default=True, help="7d, today, month, 12mo, year, all, …")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day until today, instead of --range.")
@click.option("--compare", type=click.Choice(list(COMPARISONS)), help="With the year before, or the days before.")
@click.option("--timezone", default="UTC", show_default=True, help="Whose days these are, like Europe/Berlin.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Rows of the breakdown.")
@click.option("--ascii", "plain", is_flag=True, help="Draw with ASCII only.")
@click.option("--url", help="Ask the API at this address, with the key in WAYMARK_KEY.")
@workspace_flag
@data_flag
@json_flag
@explained
def stats(
    codes: tuple[str, ...],
    tags: tuple[str, ...],
    folders: tuple[str, ...],
    by: str,
    date_range: str,
    since: datetime | None,
    compare: str | None,
    timezone: str,
    limit: int,
    plain: bool,
    url: str | None,
    workspace: str,
    data: Path | None,
    as_json: bool,
) -> None:
    """Show how often codes are scanned by people: a total, a series, and a breakdown.

    CODE is a slug or an id; without any, all codes of the workspace are counted. It asks the running core, or with
    --url an API.
    """
    wanted = Wanted(
        date_range=_range(date_range, since, timezone),
        timezone=timezone,
        by=_dimension(by),
        codes=codes,
        tags=tags,
        folders=folders,
        compare=COMPARISONS[compare] if compare else None,
        limit=limit,
    )
    try:
        found = _answers(_source(url, workspace, data), wanted)
    except NoAnswer as error:
        raise Unusable(_named(str(error), codes)) from None
    if as_json:
        output.as_json({"total": found.total, "series": found.series, "breakdown": found.breakdown})
    else:
        click.echo("\n".join(page(found, _look(plain))))


def _named(message: str, codes: tuple[str, ...]) -> str:
    """With the code's name for where it stands in the question."""
    for at, code in enumerate(codes):
        message = message.replace(f"filters[0][2][{at}]:", f"{code}:")
    return message


def _range(date_range: str, since: datetime | None, timezone: str) -> str | tuple[str, str]:
    if since is not None:
        try:
            today = datetime.now(ZoneInfo(timezone)).date()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise click.UsageError(f"--timezone {timezone}: it is no zone of the IANA database") from None
        return since.date().isoformat(), max(today, since.date()).isoformat()
    first, comma, last = date_range.partition(",")
    return (first, last) if comma else date_range


def _dimension(by: str) -> str:
    found = questions.dimension(by)
    if found is None:
        raise click.UsageError(f"--by {by}: there are {', '.join(sorted(SHORT))}")
    return found


def _source(url: str | None, workspace: str, data: Path | None) -> Ask:
    found = settings(api_url=url, data=data)
    if url is None:
        folder = DataDir(found.data)
        folder.must_exist()
        return from_core(folder, workspace)
    if not found.key:
        raise Unusable("WAYMARK_KEY is not set: it holds the key for --url")
    return from_api(found.api_base, found.key)


def _answers(ask: Ask, wanted: Wanted) -> Stats:
    total = ask(questions.total(wanted))
    # The same days in all three, also over midnight.
    first, last = total["query"]["date_range"]
    wanted = msgspec.structs.replace(wanted, date_range=(first, last))
    if wanted.compare is not None:
        wanted = msgspec.structs.replace(wanted, compare=total["query"]["compare"])
    days = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    return Stats(
        about=_about(wanted),
        total=total,
        series=ask(questions.series(wanted, days)),
        breakdown=ask(questions.breakdown(wanted)),
    )


def _about(wanted: Wanted) -> str:
    parts = [*wanted.codes]
    parts += [f"tag {' or '.join(wanted.tags)}"] if wanted.tags else []
    parts += [f"folder {' or '.join(wanted.folders)}"] if wanted.folders else []
    return ", ".join(parts) or "all codes"


def _look(plain: bool) -> Look:
    """What standard output can show: nothing but text where it is no terminal."""
    terminal = sys.stdout.isatty()
    unicode = "utf" in (sys.stdout.encoding or "").lower() and os.environ.get("TERM") != "linux"
    return Look(
        width=get_terminal_size().columns if terminal else 80,
        unicode=unicode and not plain,
        color=terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
    )
