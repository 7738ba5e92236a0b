"""Files that a command writes: whole or not at all, and read by their owner only."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from waymark.commands.options import Unusable


def shown(file: Path) -> str:
    return "standard output" if str(file) == "-" else str(file)


@contextmanager
def written(file: Path) -> Iterator[Callable[[bytes], object]]:
    """Yields what writes. The file is renamed when it is complete, so that a partial one is never taken for a whole."""
    if str(file) == "-":
        yield _to_standard_output
        sys.stdout.buffer.flush()
        return
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with open(unfinished, "wb", opener=_private) as out:
            yield out.write
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _to_standard_output(part: bytes) -> None:
    try:
        sys.stdout.buffer.write(part)
    except BrokenPipeError:
        # The reader has closed the pipe; leave nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
