"""How this program was called, so that printed command lines work as they are."""

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "waymark"


def called(program: str | None = None, path: str | None = None, folder: Path | None = None) -> str:
    """`waymark` where PATH has it, as in an activated environment; else the way there from the current folder:
    `.venv/bin/waymark` after `make run`."""
    program = program or sys.argv[0]
    if Path(program).name != NAME:
        # A module: ours are found by this interpreter from anywhere.
        return f"{shlex.quote(sys.executable)} -m {NAME}"
    found = shutil.which(NAME, path=path)
    if found is not None and os.path.exists(program) and os.path.samefile(found, program):
        return NAME
    here = folder or Path.cwd()
    at = Path(program).absolute()
    return shlex.quote(str(at.relative_to(here) if at.is_relative_to(here) else at))
