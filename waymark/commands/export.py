"""`waymark export`: write everything in Redis as lines of JSON."""

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
@click.option("--allow-empty", is_flag=True, help="Accept an export without any code.")
@data_flag
@explained
def export_(file: Path, allow_empty: bool, data: Path | None) -> None:
    """Write all codes, workspaces and keys (as digests) to FILE or standard output.

    Scans are not included: they are in the warehouse. If there is no code, it writes no FILE and exits with 1, since
    an empty backup usually means the wrong Redis.
    """

    def said(counts: Counter[str], where: str) -> None:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()) if kind != "waymark")
        if not (counts["code"] or counts["static"] or allow_empty):
            source = "the Redis of WAYMARK_REDIS_URL" if settings().redis_url else settings(data=data).data
            raise click.ClickException(
                f"there is no code in {source} ({told or 'nothing'}). If that is intended, add --allow-empty"
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
        # Renamed when complete, so that a partial file is never taken for a backup.
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
        # The reader has closed the pipe; leave nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
