"""`waymark export`: everything in Redis, as lines of JSON."""

import os
import sys
from pathlib import Path

import click

from codes import transfer
from waymark.commands import shown
from waymark.commands.keys import with_redis
from waymark.commands.options import Unusable, data_flag, explained


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@data_flag
@explained
def export_(file: Path, data: Path | None) -> None:
    """Write all codes, workspaces and keys (as digests) to FILE, or to standard output.

    Scans are not in it: they are in the warehouse.
    """
    with shown.progress() as show:

        def told(done: int, total: int) -> None:
            show("exporting", done, total)

        if str(file) == "-":
            with_redis(data, lambda redis: transfer.export(redis, _to_standard_output, told))
            sys.stdout.buffer.flush()
            return
        # It gets its name when it is whole: a file cut short must not be taken for a backup.
        unfinished = file.with_name(f".{file.name}.unfinished")
        try:
            with open(unfinished, "wb", opener=_private) as out:
                lines = with_redis(data, lambda redis: transfer.export(redis, out.write, told))
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(file)
        except OSError as error:
            raise Unusable(f"{file} cannot be written: {error.strerror}") from None
        finally:
            unfinished.unlink(missing_ok=True)
    click.echo(f"{lines:,} lines in {file}", err=True)


def _to_standard_output(line: bytes) -> None:
    try:
        sys.stdout.buffer.write(line)
    except BrokenPipeError:
        # Whoever read has seen enough. Nothing is left to be flushed to them at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
