"""Where backups are kept: a folder, or a bucket of an S3-compatible store.

A file is there whole or not at all, and stays when `put` returns. All block, and raise OSError.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from infra import s3
from infra.durable_files import make_folder, sync_folder
from waymark.errors import UserError

T = TypeVar("T")

# A store of a network answers 503 now and then.
PAUSES_S = (0.5, 2.0, 5.0)
_UNFINISHED = ".unfinished"


class Target(Protocol):
    def put(self, key: str, content: bytes) -> None: ...

    def get(self, key: str) -> bytes:
        """Raises FileNotFoundError when there is none."""
        ...

    def keys(self, under: str) -> Iterator[str]:
        """All keys that begin with `under`, which ends with a slash."""
        ...

    def remove(self, key: str) -> None: ...


class FolderTarget:
    """Readable by its owner only: it holds what the data folder holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, key: str, content: bytes) -> None:
        goal = self.path / key
        if not self.path.exists():
            make_folder(self.path)
            self.path.chmod(0o700)
        make_folder(goal.parent)
        draft = goal.with_name(f".{goal.name}{_UNFINISHED}")
        with open(draft, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(goal)
        sync_folder(goal.parent)

    def get(self, key: str) -> bytes:
        return (self.path / key).read_bytes()

    def keys(self, under: str) -> Iterator[str]:
        for parent, _, names in os.walk(self.path / under):
            for name in names:
                path = Path(parent, name)
                if name.endswith(_UNFINISHED):
                    # One backup writes here at a time: this is of one that was killed.
                    path.unlink(missing_ok=True)
                else:
                    yield str(path.relative_to(self.path))

    def remove(self, key: str) -> None:
        (self.path / key).unlink(missing_ok=True)


class BucketTarget:
    def __init__(
        self,
        bucket: s3.Bucket,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket = bucket
        self._now = now
        self._sleep = sleep

    def put(self, key: str, content: bytes) -> None:
        self._again(lambda: s3.ask(self._bucket, "PUT", key, now=self._now(), body=content))

    def get(self, key: str) -> bytes:
        return self._again(lambda: s3.ask(self._bucket, "GET", key, now=self._now()))

    def keys(self, under: str) -> Iterator[str]:
        return iter(self._again(lambda: list(s3.listed(self._bucket, under, now=self._now()))))

    def remove(self, key: str) -> None:
        try:
            self._again(lambda: s3.ask(self._bucket, "DELETE", key, now=self._now()))
        except FileNotFoundError:
            return

    def _again(self, ask: Callable[[], T]) -> T:
        for pause in PAUSES_S:
            try:
                return ask()
            except FileNotFoundError:
                raise
            except OSError:
                self._sleep(pause)
        return ask()


def target_of(name: str, environ: Mapping[str, str]) -> Target:
    """A folder; or `s3://bucket/prefix` with the credentials that AWS' own tools take from the environment; or
    `https://ACCESS:SECRET@host/bucket/prefix?region=...`. Raises UserError."""
    scheme, _, rest = name.partition("://")
    try:
        if scheme == "s3" and rest:
            return BucketTarget(_from_environment(rest.strip("/"), environ))
        if scheme in ("http", "https") and rest:
            return BucketTarget(s3.bucket(name))
    except ValueError as error:
        raise UserError(f"the target cannot be used: {error}") from None
    if rest:
        raise UserError(f"the target is a folder, s3://bucket/prefix or https://..., and not {scheme}://")
    return FolderTarget(Path(name).absolute())


def _from_environment(prefix: str, environ: Mapping[str, str]) -> s3.Bucket:
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or s3.DEFAULT_REGION
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    parts = urlsplit(endpoint or f"https://s3.{region}.amazonaws.com")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("AWS_ENDPOINT_URL must be https://host")
    access, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not access or not secret:
        raise ValueError("s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    token = environ.get("AWS_SESSION_TOKEN", "")
    return s3.Bucket(parts.scheme == "https", parts.netloc, prefix, access, secret, region, token)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
