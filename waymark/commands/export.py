"""`waymark export`: everything in Redis, as lines of JSON."""

import os
import sys
from collections import Counter
from pathlib import Path

import click

from codes import export_import
from waymark.commands import output
from waymark.commands.keys import with_redis
from waymark.commands.options import Unusable, data_flag, explained, settings


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.option("--allow-empty", is_flag=True, help="Take an export without any code for a good one.")
@data_flag
@explained
def export_(file: Path, allow_empty: bool, data: Path | None) -> None:
    """Write all codes, workspaces and keys (as digests) to FILE, or to standard output.

    Scans are not in it: they are in the warehouse. Without any code it ends with 1, and writes no FILE: a backup of
    nothing is most often one of the wrong place.
    """

    def said(counts: Counter[str], where: str) -> None:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()) if kind != "waymark")
        if not (counts["code"] or counts["static"] or allow_empty):
            place = "the Redis of WAYMARK_REDIS_URL" if settings().redis_url else settings(data=data).data
            raise click.ClickException(
                f"there is no code in {place} ({told or 'nothing'}). If that is right, say --allow-empty"
            )
        click.echo(f"{told or 'nothing'} in {where}", err=True)

    with output.progress() as show:

        def told(done: int, total: int) -> None:
            show("exporting", done, total)

        if str(file) == "-":
            counts = with_redis(data, lambda redis: export_import.export_all(redis, _to_standard_output, told))
            sys.stdout.buffer.flush()
            said(counts, "standard output")
            return
        # It gets its name when it is whole: a file cut short must not be taken for a backup.
        unfinished = file.with_name(f".{file.name}.unfinished")
        try:
            with open(unfinished, "wb", opener=_private) as out:
                counts = with_redis(data, lambda redis: export_import.export_all(redis, out.write, told))
                out.flush()
                os.fsync(out.fileno())
            said(counts, str(file))
            unfinished.replace(file)
        except OSError as error:
            raise Unusable(f"{file} cannot be written: {error.strerror}") from None
        finally:
            unfinished.unlink(missing_ok=True)


def _to_standard_output(line: bytes) -> None:
    try:
        sys.stdout.buffer.write(line)
    except BrokenPipeError:
        # Whoever read has seen enough. Nothing is left to be flushed to them at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
