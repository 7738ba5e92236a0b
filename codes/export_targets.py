"""Where scheduled exports are written: a folder of this deployment, or a bucket of an S3-compatible store.

A file is there whole or not at all, and is on disk when `put` returns; one of the same name is replaced. Both block,
and raise OSError when they fail.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from infra import s3
from infra.durable_files import sync_folder

_DRAFTS = ".unfinished"


class ExportTarget(Protocol):
    def drafts(self) -> Path:
        """The folder to write a file in before it is put."""
        ...

    def put(self, key: str, draft: Path, media: str) -> None:
        """Make the draft the file with this key, which is a relative path."""
        ...


class FolderTarget:
    """Drafts are on the same file system, so that the rename is atomic."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def drafts(self) -> Path:
        return self._path / _DRAFTS

    def put(self, key: str, draft: Path, media: str) -> None:
        goal = self._path / key
        goal.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(goal)
        for folder in (goal.parent, *goal.parent.parents):
            sync_folder(folder)
            if folder == self._path:
                return


class BucketTarget:
    """`temporary` is a folder of this process."""

    def __init__(
        self, bucket: s3.Bucket, temporary: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._bucket = bucket
        self._temporary = temporary
        self._now = now

    def drafts(self) -> Path:
        return self._temporary / _DRAFTS

    def put(self, key: str, draft: Path, media: str) -> None:
        with draft.open("rb") as file:
            s3.put(self._bucket, key, file, draft.stat().st_size, media, now=self._now())


@contextmanager
def draft_in(target: ExportTarget) -> Iterator[Path]:
    """A path for a draft, which is gone afterwards unless it was put."""
    folder = target.drafts()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / uuid.uuid4().hex
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def sweep_drafts(target: ExportTarget) -> None:
    """Delete what killed processes have left."""
    shutil.rmtree(target.drafts(), ignore_errors=True)
