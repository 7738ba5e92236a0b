"""Uploaded files, as a redirector serves them: from its folder, and through from a bucket."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redirect.file_server import POLICY
from schemas.files import path_of
from tests.redirect.scanner import Redirector
from tests.servers.bucket import serving

KEY = "5a" * 32 + ".mp4"
BODY = bytes(range(256)) * 1000
NAME = "Der Hafen – öffentlich.mp4"
PATH = f"/f/{KEY}/Der%20Hafen%20%E2%80%93%20%C3%B6ffentlich.mp4"


@pytest.fixture(params=["folder", "bucket"])
def serves(request: pytest.FixtureRequest, start: Callable[..., Redirector], tmp_path: Path) -> Iterator[Redirector]:
    if request.param == "folder":
        goal = path_of(tmp_path / "files", KEY)
        goal.parent.mkdir(parents=True)
        goal.write_bytes(BODY)
        yield start(files=tmp_path / "files")
    else:
        with serving() as (address, objects):
            objects[f"/files/{KEY}"] = BODY
            yield start(files_bucket=address)


def test_a_file_is_served_with_headers_that_keep_it_harmless(serves: Redirector) -> None:
    answer = serves.get(PATH)
    assert (answer.status, answer.body) == (200, BODY)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == POLICY
    assert "sandbox" in POLICY
    assert answer.headers["content-disposition"].startswith("inline; filename*=UTF-8''Der%20Hafen")
    assert answer.headers["accept-ranges"] == "bytes"
    assert "x-amz-secret" not in answer.headers
    head = serves.get(PATH, method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(BODY)))


def test_a_part_of_it(serves: Redirector) -> None:
    end = len(BODY) - 1
    for asked, first, last in (("bytes=0-99", 0, 99), ("bytes=1000-", 1000, end), ("bytes=-5", end - 4, end)):
        answer = serves.get(PATH, {"Range": asked})
        assert (answer.status, answer.body) == (206, BODY[first : last + 1])
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(BODY)}"
        assert answer.headers["content-type"] == "video/mp4"


def test_a_part_that_is_not_there(serves: Redirector) -> None:
    answer = serves.get(PATH, {"Range": f"bytes={len(BODY)}-"})
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(BODY)}"


def test_a_browser_that_has_it_is_told_so(serves: Redirector) -> None:
    tag = serves.get(PATH).headers["etag"]
    answer = serves.get(PATH, {"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, b"")


NO_FILES = [
    f"/f/{'5b' * 32}.mp4/x",
    f"/f/{KEY}",
    f"/f/{KEY}/",
    f"/f/{KEY}/a/b",
    "/f/../../etc/passwd",
    "/f/..%2f..%2fetc%2fpasswd/x",
    f"/f/{KEY[:-4]}.svg/x",
    f"/f/{KEY.upper()}/x",
    "/f/",
]


def test_what_is_no_file(serves: Redirector) -> None:
    assert [serves.get(path).status for path in NO_FILES] == [404] * len(NO_FILES)


def test_a_file_is_only_read_and_is_no_scan(serves: Redirector) -> None:
    assert serves.get(PATH, method="POST").status == 405
    serves.get(PATH)
    assert serves.events() == []


def test_a_bucket_that_is_away(start: Callable[..., Redirector]) -> None:
    with serving() as (address, _):
        pass
    answer = start(files_bucket=address).get(PATH)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
