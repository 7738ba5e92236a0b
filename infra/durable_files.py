"""Files and folders that survive a power loss: synced entries, atomic replacement."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Fsync the folder, so that its entries survive a power loss."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """`mkdir -p`, durably. Raises FileExistsError when a file has the name."""
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)


def replace_file(path: Path, content: bytes, *, durable: bool) -> None:
    """Write atomically: the file holds the old content or the new; when `durable`, the new from now on."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
    if durable:
        sync_folder(path.parent)
