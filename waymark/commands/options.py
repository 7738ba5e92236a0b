"""Flags that several commands share, and how a command ends when something is wrong with its settings."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from waymark.settings import BadSetting, Settings, read
from waymark.trouble import Trouble

data_flag = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder. [WAYMARK_DATA, ./data]"
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


def settings(**flags: Any) -> Settings:
    """The settings of this run. Ends the command when one cannot be used."""
    try:
        return read(os.environ, **flags)
    except BadSetting as error:
        raise Unusable(str(error)) from None


class Unusable(click.ClickException):
    """The command could not run at all: exit status 2, so that `audit` can tell it from a finding."""

    exit_code = 2


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what is wrong around a command (ports, folders, servers) into one readable line."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Trouble as error:
            raise Unusable(str(error)) from None

    return run
