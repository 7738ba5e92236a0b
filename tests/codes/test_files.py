import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest
from redis.asyncio import Redis

from codes import file_types
from codes.errors import Missing, Refused, Unavailable
from codes.file_stores import BucketStore, FolderStore
from codes.files import Files
from codes.plans import presets
from infra import s3
from schemas import keys
from schemas.files import KINDS, Kind, parse_path, path_of
from schemas.page_content import check
from tests.codes.files import PNG, SMALLEST, kept, pieces
from tests.servers.bucket import serving


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.suffix)
async def test_a_file_is_what_its_bytes_say(redis: Redis, tmp_path: Path, kind: Kind) -> None:
    files = Files(redis, FolderStore(tmp_path), plans=presets())
    content_type, suffix, _ = kind
    body = SMALLEST[content_type]
    assert file_types.detect_content_type(body[: file_types.HEAD]) == content_type
    file = await files.put(1, f"../../A nice name.{suffix.upper()}", content_type, pieces(body))
    assert (file.name, file.content_type, file.size) == (f"A nice name.{suffix}", content_type, len(body))
    assert path_of(tmp_path, file.key).read_bytes() == body
    assert file.path == f"/f/{file.key}/A%20nice%20name.{suffix}"
    assert await files.get(1, file.id) == file
    assert await files.get(2, file.id) is None
    assert await redis.hgetall(keys.FILES_UNDER_WAY) == {}


async def test_a_stored_file_is_content_as_it_is(redis: Redis, tmp_path: Path) -> None:
    file = await Files(redis, FolderStore(tmp_path), plans=presets()).put(
        1, "menu.pdf", "", pieces(SMALLEST["application/pdf"])
    )
    said = {"file_id": file.id, "file_path": file.path, "file_name": file.name, "content_type": file.content_type}
    assert check("pdf", {"fileContent": {**said, "size_bytes": file.size}})
    assert parse_path(file.path) == (file.key, "menu.pdf")


@pytest.mark.parametrize(
    ("body", "declared", "code"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>" + bytes(64),
            "image/svg+xml",
            "unknown_file_type",
        ),
        (b"<!doctype html><script>alert(1)</script>" + bytes(64), "image/png", "unknown_file_type"),
        (b"MZ\x90\0" + bytes(80), "application/pdf", "unknown_file_type"),
        (b"\0\0\0\x18ftypheic" + bytes(64), "video/mp4", "unknown_file_type"),
        (b"\xff\xff\xff\xff" + bytes(80), "audio/mpeg", "unknown_file_type"),
        (PNG, "application/pdf", "file_type_mismatch"),
        (PNG, "text/html; charset=utf-8", "file_type_mismatch"),
        (b"", "image/png", "empty_file"),
        (b"%P", "", "unknown_file_type"),
        (PNG + bytes(20 << 20), "", "file_too_large"),
    ],
)
async def test_what_is_refused_is_not_kept(redis: Redis, tmp_path: Path, body: bytes, declared: str, code: str) -> None:
    files = Files(redis, FolderStore(tmp_path), plans=presets())
    with pytest.raises(Refused) as caught:
        await files.put(1, "a.png", declared, pieces(body, 1 << 16))
    assert (caught.value.field, caught.value.code) == ("file", code)
    assert kept(tmp_path) == []
    assert await files.all(1) == []


async def test_a_file_that_is_too_large_is_refused_before_its_end(redis: Redis, tmp_path: Path) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield PNG
        while True:
            taken += 1 << 20
            yield bytes(1 << 20)

    with pytest.raises(Refused):
        await Files(redis, FolderStore(tmp_path), plans=presets()).put(1, "a.png", "image/png", endless())
    assert taken <= 21 << 20


async def test_declared_types_that_say_the_same(redis: Redis, tmp_path: Path) -> None:
    files = Files(redis, FolderStore(tmp_path), plans=presets())
    for said in ("image/jpg", "IMAGE/JPEG", "application/octet-stream", ""):
        assert (await files.put(1, "a", said, pieces(SMALLEST["image/jpeg"]))).name == "a.jpg"


async def test_uploads_of_the_same_bytes_are_files_of_their_own(redis: Redis, tmp_path: Path) -> None:
    files = Files(redis, FolderStore(tmp_path), plans=presets())
    one, other = [await files.put(workspace, "a.png", "", pieces(PNG)) for workspace in (1, 2)]
    assert one.key != other.key
    with pytest.raises(Missing):
        await files.delete(1, other.id)
    await files.delete(1, one.id)
    assert kept(tmp_path) == [path_of(tmp_path, other.key)]
    assert await files.all(1) == []
    with pytest.raises(Missing):
        await files.delete(1, one.id)


class Died(BaseException):
    """The process did, as far as whoever is called next can tell."""


class Cut(FolderStore):
    """A store whose process dies before it has done what it should, or after."""

    def __init__(self, path: Path, *, after: bool) -> None:
        super().__init__(path)
        self._after = after

    def save(self, key: str, source: BinaryIO, size: int) -> None:
        if self._after:
            super().save(key, source, size)
        raise Died

    def remove(self, key: str) -> None:
        if self._after:
            super().remove(key)
        raise Died


@pytest.mark.parametrize("after", [False, True])
async def test_what_a_crash_leaves_is_reclaimed(redis: Redis, tmp_path: Path, after: bool) -> None:
    now = 1_800_000_000_000
    whole = Files(redis, FolderStore(tmp_path), now_ms=lambda: now, plans=presets())
    cut = Files(redis, Cut(tmp_path, after=after), now_ms=lambda: now, plans=presets())
    stays = await whole.put(1, "stays.png", "", pieces(PNG))
    leaves = await whole.put(1, "leaves.png", "", pieces(PNG))
    with pytest.raises(Died):
        await cut.put(1, "cut.png", "", pieces(PNG))
    with pytest.raises(Died):
        await cut.delete(1, leaves.id)
    assert await whole.reclaim() == 0
    later = Files(redis, FolderStore(tmp_path), now_ms=lambda: now + 3_600_001, plans=presets())
    assert await later.reclaim() == 2
    assert kept(tmp_path) == [path_of(tmp_path, stays.key)]
    assert await later.all(1) == [stays]
    assert await later.reclaim() == 0


async def test_a_store_that_is_away_is_said_to_be(redis: Redis, tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(Unavailable, match="store of files"):
        await Files(redis, FolderStore(tmp_path / "file"), plans=presets()).put(1, "a.png", "", pieces(PNG))


# The bucket and the figures of Amazon's own description of how requests are signed.
EXAMPLE = s3.bucket("https://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY@host/bucket")
EXAMPLE = s3.Bucket(True, "examplebucket.s3.amazonaws.com", "", EXAMPLE.access, EXAMPLE.secret)
THEN = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "payload", "signature"),
    [
        (
            "GET", "/test.txt", "", {"Range": "bytes=0-9"}, s3.EMPTY,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT", "/test$file.text", "",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/", "lifecycle=", {}, s3.EMPTY, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "GET", "/", "max-keys=2&prefix=J", {}, s3.EMPTY,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)  # fmt: skip
def test_requests_are_signed_as_amazon_describes(
    method: str, path: str, query: str, headers: dict[str, str], payload: str, signature: str
) -> None:
    sent = s3.signed(EXAMPLE, method, path, headers, payload=payload, now=THEN, query=query)
    assert sent["Authorization"].rpartition("Signature=")[2] == signature


def test_a_bucket_is_read_from_its_address() -> None:
    bucket = s3.bucket("http://key:se%2Fcret@localhost:9000/files/folder/?region=eu-central-1")
    assert bucket == s3.Bucket(False, "localhost:9000", "files/folder", "key", "se/cret", "eu-central-1")
    assert bucket.path("a.png") == "/files/folder/a.png"
    for wrong in ("s3://bucket", "https://key:topsecret@host", "https://host/bucket", "https://topsecret@host/bucket"):
        with pytest.raises(ValueError, match="bucket") as caught:
            s3.bucket(wrong)
        assert "topsecret" not in str(caught.value)


async def test_a_bucket_keeps_files_and_forgets_them(redis: Redis) -> None:
    with serving("files/here") as (address, objects):
        bucket = s3.bucket(address)
        files = Files(redis, BucketStore(bucket), plans=presets())
        file = await files.put(1, "a.png", "image/png", pieces(PNG))
        assert objects == {f"/files/here/{file.key}": PNG}
        await files.delete(1, file.id)
        assert objects == {}
        BucketStore(bucket).remove(file.key)
        stranger = BucketStore(msgspec.structs.replace(bucket, secret="guessed"))
        with pytest.raises(OSError, match="403"):
            stranger.save(file.key, io.BytesIO(PNG), len(PNG))
    with pytest.raises(Unavailable):
        await files.put(1, "a.png", "image/png", pieces(PNG))
