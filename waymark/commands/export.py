"""`waymark export`: write everything in Redis as lines of JSON, or the scans of a workspace in any format."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import click

from codes import export_import
from infra.raw_output import FORMATS
from schemas.event import KINDS
from waymark.commands import output
from waymark.commands.keys import with_redis, workspace_flag
from waymark.commands.options import data_flag, explained, settings
from waymark.commands.whole_file import shown, written

_DAY = click.DateTime(["%Y-%m-%d"])
# The span of what a question may ask for.
_FIRST, _LAST = "1970-01-01", "2069-12-31"


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.option("--allow-empty", is_flag=True, help="Accept an export without any code.")
@click.option("--scans", is_flag=True, help="Write the scans of a workspace instead.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), help="Of scans; else by FILE's name, or csv.")
@click.option("--from", "first", type=_DAY, help="The first day of scans.")
@click.option("--to", "last", type=_DAY, help="The last day of scans.")
@click.option("--timezone", default="UTC", show_default=True, help="Whose days these are, like Europe/Berlin.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Kinds of scans; repeatable. [human]")
@workspace_flag
@data_flag
@explained
def export_(
    file: Path,
    allow_empty: bool,
    scans: bool,
    format_: str | None,
    first: datetime | None,
    last: datetime | None,
    timezone: str,
    kinds: tuple[str, ...],
    workspace: str,
    data: Path | None,
) -> None:
    """Write all codes, workspaces and keys (as digests) to FILE or standard output.

    If there is no code, it writes no FILE and exits with 1, since an empty backup usually means the wrong Redis.

    Scans are not included. With --scans they are written instead: those of one workspace that reached a destination or
    a page.
    """
    if scans:
        # (The API is slow to import, and codes are exported without it.)
        from waymark.commands.export_scans import export_scans
        from waymark.scan_files import Wanted

        between = "all" if first is None and last is None else [_day(first, _FIRST), _day(last, _LAST)]
        wanted = Wanted(workspace, format_ or _by_name(file), between, timezone, list(kinds))
        export_scans(settings(data=data), file, wanted)
        return

    def said(counts: Counter[str], where: str) -> None:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()) if kind != "waymark")
        if not (counts["code"] or counts["static"] or allow_empty):
            source = "the Redis of WAYMARK_REDIS_URL" if settings().redis_url else settings(data=data).data
            raise click.ClickException(
                f"there is no code in {source} ({told or 'nothing'}). If that is intended, add --allow-empty"
            )
        click.echo(f"{told or 'nothing'} in {where}", err=True)

    with output.progress() as show, written(file) as write:

        def told(done: int, total: int) -> None:
            show("exporting", done, total)

        counts = with_redis(data, lambda redis: export_import.export_all(redis, write, told))
        said(counts, shown(file))


def _day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else at.date().isoformat()


def _by_name(file: Path) -> str:
    suffix = file.suffix.removeprefix(".")
    return next((one.name for one in FORMATS.values() if suffix in (one.suffix, one.name)), "csv")
