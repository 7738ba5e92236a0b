"""Unix sockets in the data folder, also when its path is long.

The kernel takes about 107 bytes of a socket's path. A longer one is reached through a link in the
temporary folder: only the name given to the kernel must be short, not what it resolves to.
"""

import hashlib
import os
import tempfile
from pathlib import Path

LONGEST = 100


def short(path: Path) -> Path:
    """A way to `path` that fits. Raises OSError when somebody else has put something where the link goes."""
    if len(os.fsencode(path)) <= LONGEST:
        return path
    mark = hashlib.blake2b(os.fsencode(path.parent), digest_size=6).hexdigest()
    link = Path(_temporary()) / f"waymark-{os.getuid()}-{mark}"
    try:
        link.symlink_to(path.parent, target_is_directory=True)
    except FileExistsError:
        if link.lstat().st_uid != os.getuid() or not link.is_symlink() or link.readlink() != path.parent:
            raise OSError(f"{link} is in the way: it should be a link of this user to {path.parent}") from None
    return link / path.name


def _temporary() -> str:
    # Every process must find the same one, whatever its TMPDIR says (children of `up` have their own).
    return "/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()  # noqa: S108
