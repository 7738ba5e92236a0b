"""A store of one bucket that speaks enough of S3: it takes only what is signed with its secret, and knows ranges and
lists."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote

from infra import s3

# Keys in one answer of a list.
PAGE = 3
_SIGNED_ALWAYS = ("host", "x-amz-date", "x-amz-content-sha256")


@contextmanager
def serving(prefix: str = "files") -> Iterator[tuple[str, dict[str, bytes]]]:
    """Its address, as a setting has it, and what is in it: path → bytes."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, answer, more = self.answer(body)
            self.send_response_only(status)
            for name, value in {"content-length": str(len(answer)), "x-amz-secret": "stays here", **more}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        def answer(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
            if not self.is_signed():
                return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", {}
            if self.command == "PUT":
                objects[self.path] = body
                return 200, b"", {}
            if "list-type=2&" in self.path:
                return self.listed()
            if self.command == "DELETE":
                return (404 if objects.pop(self.path, None) is None else 204), b"", {}
            if self.path not in objects:
                return 404, b"<Error><Code>NoSuchKey</Code></Error>", {}
            return self.read(objects[self.path])

        def listed(self) -> tuple[int, bytes, dict[str, str]]:
            path, _, query = self.path.partition("?")
            asked = {name: values[0] for name, values in parse_qs(query).items()}
            keys = sorted(name.removeprefix(f"{path}/") for name in objects)
            after = [
                key for key in keys if key.startswith(asked["prefix"]) and key > asked.get("continuation-token", "")
            ]
            page = after[:PAGE]
            more = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if len(after) > PAGE else ""
            found = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in page)
            return 200, f"<ListBucketResult>{found}{more}</ListBucketResult>".encode(), {}

        def read(self, whole: bytes) -> tuple[int, bytes, dict[str, str]]:
            tag = f'"{hashlib.sha256(whole).hexdigest()[:32]}"'
            if self.headers.get("if-none-match") == tag:
                return 304, b"", {"etag": tag}
            span = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("range", ""))
            if span is None:
                return 200, whole, {"etag": tag}
            first = int(span[1]) if span[1] else len(whole) - int(span[2])
            last = min(int(span[2]) if span[1] and span[2] else len(whole) - 1, len(whole) - 1)
            if first >= len(whole):
                return 416, b"", {"content-range": f"bytes */{len(whole)}"}
            return 206, whole[first : last + 1], {"content-range": f"bytes {first}-{last}/{len(whole)}", "etag": tag}

        def is_signed(self) -> bool:
            sent = self.headers["Authorization"]
            names = sent.partition("SignedHeaders=")[2].partition(",")[0].split(";")
            path, _, query = self.path.partition("?")
            asked = "&".join(
                f"{name}={quote(values[0], safe='-_.~')}" for name, values in sorted(parse_qs(query).items())
            )
            again = s3.signed(
                here,
                self.command,
                path,
                {name: self.headers[name] for name in names if name not in _SIGNED_ALWAYS},
                payload=self.headers["x-amz-content-sha256"],
                now=datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
                query=asked,
            )
            return again["Authorization"] == sent

        do_GET = do_HEAD = do_PUT = do_DELETE = handle_one

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://key:secret@127.0.0.1:{server.server_address[1]}/{prefix}"
    here = s3.bucket(address)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield address, objects
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
