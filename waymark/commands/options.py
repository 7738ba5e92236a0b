"""Options that several commands share, and errors that end a command with one readable line."""

import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click

from waymark import logs
from waymark.data_dir import NoFolder
from waymark.errors import UserError
from waymark.settings import BadSetting, Settings, read, unknown

log = logging.getLogger("waymark")

data_flag = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder. [WAYMARK_DATA, ./data]"
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def settings(**flags: Any) -> Settings:
    """The settings of this run. Warns about unknown variables; ends the command if a setting is invalid."""
    try:
        found = read(os.environ, **flags)
    except BadSetting as error:
        _warn_of_unknown()
        raise Unusable(str(error)) from None
    _warn_of_unknown()
    return found


@functools.cache
def _warn_of_unknown() -> None:
    """Once per command, however often it reads its settings."""
    for line in unknown(os.environ):
        if logs.is_json():
            log.warning("%s", line)
        else:
            click.echo(f"Warning: {line}", err=True)


class Unusable(click.ClickException):
    """The command could not run at all: exit status 2, while 1 is a finding of `audit`."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        # What was logged before comes first; the error is the last line.
        if logs.is_json():
            log.error("%s", self.format_message())
            logging.shutdown()
        else:
            logging.shutdown()
            super().show(file)


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show errors that the user can fix (ports, folders, servers) as one line, without a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except NoFolder as error:
            raise click.ClickException(str(error)) from None
        except UserError as error:
            raise Unusable(str(error)) from None

    return run
