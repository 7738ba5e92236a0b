"""`waymark restore --codes`: make an empty Redis whole from the change log."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from codes.change_log import file
from codes.change_log.records import UnreadableRecord
from codes.change_log.restore import CannotRestore, Span, check_empty, restore, span_of
from codes.errors import Unavailable, UnfitRedis
from codes.redis_check import check_server
from codes.redis_client import connect
from infra import clock
from waymark.commands import output
from waymark.commands.options import Unusable
from waymark.data_dir import DataDir
from waymark.embedded_redis import redis_of
from waymark.settings import Settings
from waymark.wiring.change_log import topic_of


class Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time, as 2026-11-29T07:30:00Z is", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class Restored(msgspec.Struct, frozen=True):
    """`up_to` is when the last record was written that counted; `complete` is false if the log had never got
    everything."""

    counts: dict[str, int]
    up_to: datetime
    complete: bool


def restore_codes(found: Settings, at: datetime | None, *, as_json: bool) -> None:
    """Ends the command if nothing could be restored."""
    if found.changes == "off":
        raise Unusable("WAYMARK_CHANGES is off: there is no change log")
    at_ms = None if at is None else round(at.timestamp() * 1000)
    try:
        with _log(found, at_ms) as path:
            done = _restored(found, path, at_ms)
    except CannotRestore as error:
        raise Unusable(str(error)) from None
    except UnreadableRecord as error:
        raise Unusable(f"the change log is damaged: {error}") from None
    if as_json:
        output.as_json(done)
        return
    click.echo(", ".join(f"{count:,} {kind}" for kind, count in sorted(done.counts.items())) or "nothing")
    click.echo(f"The last change is of {done.up_to:%Y-%m-%d %H:%M:%S} UTC.", err=True)
    if not done.complete:
        click.echo("Warning: the change log had not taken up all older codes yet; those are missing.", err=True)


def _restored(found: Settings, path: Path, at_ms: int | None) -> Restored:
    if found.redis_url is None:
        # Its folder may be what was lost.
        DataDir(found.data).must_exist()
        DataDir(found.data).redis.mkdir(exist_ok=True)
    with redis_of(found) as url, output.progress() as show:

        async def run() -> Restored:
            redis = connect(url)
            try:
                await check_server(redis, found.redis_fsync)
                await check_empty(redis)
                span: Span = await asyncio.to_thread(span_of, path, at_ms, show)
                counts = await restore(redis, path, span, at_ms=at_ms, now_ms=clock.now_ms(), progress=show)
                return Restored(dict(counts), datetime.fromtimestamp(span.newest_ms / 1000, UTC), span.complete)
            finally:
                await redis.aclose()

        try:
            return asyncio.run(run())
        except UnfitRedis as error:
            raise Unusable(f"this Redis cannot keep codes: {error}") from None
        except Unavailable as error:
            raise Unusable(f"Redis cannot be reached: {error}") from None


@contextmanager
def _log(found: Settings, at_ms: int | None) -> Iterator[Path]:
    """The log as a file. Raises CannotRestore."""
    if found.kafka_bootstrap is None:
        path = file.path_in(DataDir(found.data).changes)
        if not path.exists():
            raise CannotRestore(f"there is no change log in {path.parent}")
        yield path
        return
    if at_ms is not None and at_ms < clock.now_ms() - found.changes_kept * 1000:
        raise CannotRestore("--at is further back than WAYMARK_CHANGES_KEPT: the topic has been compacted since")
    with tempfile.TemporaryDirectory(prefix="waymark-changes-") as folder, output.progress() as show:
        path = Path(folder) / "changes.log"
        try:
            asyncio.run(_fetch(found, found.kafka_bootstrap, path, show))
        except Unavailable as error:
            raise CannotRestore(str(error)) from None
        yield path


async def _fetch(found: Settings, bootstrap: str, path: Path, show: output.Show) -> None:
    from codes.change_log.kafka import open_lines
    from waymark.wiring.kafka import options

    lines = await open_lines(bootstrap, topic_of(found), options=options(found))
    try:
        with path.open("wb") as spool:
            while True:
                at, some = await lines.next()
                if not some and at >= lines.end:
                    return
                spool.writelines(some)
                show("fetching", at, lines.end)
    finally:
        await lines.close()
