"""Flags that several commands share, and how a command ends when something is wrong with its settings."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from waymark.data_dir import NoFolder
from waymark.errors import UserError
from waymark.settings import BadSetting, Settings, read, unknown

data_flag = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder. [WAYMARK_DATA, ./data]"
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


def settings(**flags: Any) -> Settings:
    """The settings of this run. Warns of variables that are none, and ends the command when one cannot be used."""
    try:
        found = read(os.environ, **flags)
    except BadSetting as error:
        _warn_of_unknown()
        raise Unusable(str(error)) from None
    _warn_of_unknown()
    return found


@functools.cache
def _warn_of_unknown() -> None:
    """Once for a command, however often it asks for its settings."""
    for line in unknown(os.environ):
        click.echo(f"Warning: {line}", err=True)


class Unusable(click.ClickException):
    """The command could not run at all: exit status 2, so that `audit` can tell it from a finding."""

    exit_code = 2


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what is wrong around a command (ports, folders, servers) into one readable line."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except NoFolder as error:
            raise click.ClickException(str(error)) from None
        except UserError as error:
            raise Unusable(str(error)) from None

    return run
