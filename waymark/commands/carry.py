"""`waymark export` and `waymark import`: everything in Redis, as lines of JSON."""

import os
import sys
import time
from collections import Counter
from pathlib import Path

import click
from redis.asyncio import Redis

from codes import transfer
from waymark.commands import shown
from waymark.commands.keys import with_redis
from waymark.commands.options import Unusable, data_flag, explained, json_flag


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


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_flag
@json_flag
@explained
def import_(file: Path, data: Path | None, as_json: bool) -> None:
    """Bring in what an export holds. What is there already stays; it can be run again."""

    async def bring(redis: Redis) -> Counter[str]:
        with shown.progress() as show:
            return await transfer.import_file(
                redis,
                file,
                now_ms=lambda: time.time_ns() // 1_000_000,
                progress=lambda done, total: show("importing", done, total),
            )

    try:
        counts = with_redis(data, bring)
    except transfer.Unreadable as error:
        raise click.ClickException(f"{file}: {error}") from None
    if as_json:
        shown.as_json(counts)
    else:
        click.echo(", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "nothing in it")


def _to_standard_output(line: bytes) -> None:
    try:
        sys.stdout.buffer.write(line)
    except BrokenPipeError:
        # Whoever read has seen enough. Nothing is left to be flushed to them at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
