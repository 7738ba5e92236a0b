"""Where the bytes of uploaded files are: a folder of this machine, or a bucket of an S3-compatible store.

Both block, so they are called in threads. Both raise OSError when they fail.
"""

import http.client
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from infra import s3
from infra.durable_files import sync_folder
from schemas.files import kind_of, path_of

_OK = (200, 204)
_REASON = 300


class FileStore(Protocol):
    def save(self, key: str, source: BinaryIO, size: int) -> None:
        """Store `source`, completely or not at all; it is on disk when this returns."""

    def remove(self, key: str) -> None:
        """Delete the file, if it is there."""

    def read(self, key: str, most: int) -> bytes:
        """Return the file's bytes, no more than `most`."""


class FolderStore:
    """Redirectors on this machine, or ones that mount the folder, serve from it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, key: str, source: BinaryIO, size: int) -> None:
        goal = path_of(self._path, key)
        goal.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, so that the rename is atomic; no key starts with a dot.
        draft = goal.with_name(f".{uuid.uuid4().hex}")
        try:
            with draft.open("xb") as file:
                while chunk := source.read(1 << 20):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(goal)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(goal.parent)
        sync_folder(self._path)

    def read(self, key: str, most: int) -> bytes:
        with path_of(self._path, key).open("rb") as file:
            return file.read(most)

    def remove(self, key: str) -> None:
        goal = path_of(self._path, key)
        goal.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            sync_folder(goal.parent)


class BucketStore:
    def __init__(self, bucket: s3.Bucket, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._bucket = bucket
        self._now = now

    def save(self, key: str, source: BinaryIO, size: int) -> None:
        kind = kind_of(key)
        assert kind is not None
        headers = {"Content-Type": kind.content_type, "Content-Length": str(size)}
        self._ask("PUT", key, headers, source)

    def remove(self, key: str) -> None:
        self._ask("DELETE", key, {}, None)

    def read(self, key: str, most: int) -> bytes:
        return self._ask("GET", key, {}, None, most)

    def _ask(self, method: str, key: str, headers: dict[str, str], body: BinaryIO | None, most: int = _REASON) -> bytes:
        payload = s3.EMPTY if body is None else s3.UNSIGNED
        path = self._bucket.path(key)
        sent = s3.signed(self._bucket, method, path, headers, payload=payload, now=self._now())
        connection = self._bucket.connect()
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            said = answer.read(most)
            if method == "GET" and answer.status == 404:
                raise FileNotFoundError(key)
            if answer.status not in _OK and not (method == "DELETE" and answer.status == 404):
                raise OSError(f"the bucket answered {answer.status}: {said[:_REASON].decode(errors='replace')}")
            return said
        except http.client.HTTPException as error:
            raise OSError(f"the bucket did not answer: {error!r}") from error
        finally:
            connection.close()
