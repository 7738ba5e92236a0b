"""`waymark export --scans`: from the core if it runs, else from the warehouse itself."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from codes.errors import Unavailable
from infra.raw_output import OutputFailed
from waymark import core_client, scan_files
from waymark.commands import output
from waymark.commands.options import Unusable
from waymark.commands.whole_file import shown, written
from waymark.data_dir import DataDir, NoFolder, held, hold
from waymark.embedded_redis import redis_of, started
from waymark.scan_files import NotWritten, Wanted
from waymark.settings import Settings
from waymark.startup_checks import warehouse_of


def export_scans(found: Settings, file: Path, wanted: Wanted) -> None:
    """Ends the command if no file could be written."""
    try:
        with ExitStack() as stack:
            rows, part = _source(found, wanted, stack)
            show = stack.enter_context(output.written())
            write = stack.enter_context(written(file))
            size = 0
            while taken := part():
                write(taken)
                size += len(taken)
                show(size)
    except core_client.CoreUnavailable as error:
        raise Unusable(f"{error}. If it is still starting, try again.") from None
    except Unavailable as error:
        raise Unusable(f"Redis cannot be reached: {error}") from None
    except NotWritten as error:
        raise click.ClickException(str(error)) from None
    except (core_client.CoreError, OutputFailed, ClickHouseError, HTTPError) as error:
        raise Unusable(f"no file was written: {error}") from None
    click.echo(f"{rows:,} scans in {shown(file)}", err=True)


def _source(found: Settings, wanted: Wanted, stack: ExitStack) -> tuple[int, Callable[[], bytes]]:
    """The number of rows, and what gives the parts of the file."""
    folder = DataDir(found.data)
    if found.clickhouse_url is None:
        folder.must_exist()
    if held(folder):
        asked = core_client.download(folder, "/scans", msgspec.to_builtins(wanted))
        rows, part = stack.enter_context(asked)
        return int(rows), part
    if found.clickhouse_url is None:
        if not folder.warehouse.exists():
            raise NoFolder(f"there are no scans in {folder.path}: nothing was started there yet")
        stack.enter_context(hold(folder))
    alone = found.redis_url is None and found.clickhouse_url is None
    url = stack.enter_context(started(folder, found.redis_server) if alone else redis_of(found))
    number, file = stack.enter_context(scan_files.opened(found, warehouse_of(found), url, wanted))
    return number, file.read
