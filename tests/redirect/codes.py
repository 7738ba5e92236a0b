"""A redirector and codes of every sort on it, for tests that ask how a visit ends."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from redirect.password_gate.password_check import _hasher
from schemas import keys
from schemas.event import ScanEvent
from tests.redirect.scanner import IPHONE, Answer, Publisher, Redirector, redirector
from tests.servers.redis import running

ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/123.0.0.0 Mobile Safari/537.36"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/123.0.0.0 Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PASSWORD = "open sesame"
HASH = _hasher.hash(PASSWORD)
_NUMBERS = itertools.count(1000)


class Codes:
    def __init__(self, server: Redirector, publisher: Publisher) -> None:
        self.server = server
        self.publisher = publisher

    def code(self, **fields: Any) -> "Code":
        """A code of a number and slug of its own."""
        number = next(_NUMBERS)
        self.publisher.write(f"code{number}", **{"destination": "https://example.com/web", **fields, "birth": number})
        return Code(self, number)


class Code:
    def __init__(self, codes: Codes, number: int) -> None:
        self._codes = codes
        self.number = number
        self.path = f"/code{number}"

    def edit(self, **fields: Any) -> None:
        fields = {"destination": "https://example.com/web", **fields, "birth": self.number}
        self._codes.publisher.edit(self.path[1:], **fields)

    def get(
        self, query: str = "", *, agent: str = IPHONE, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        target = f"{self.path}?{query}" if query else self.path
        return self._codes.server.ask(target, {"User-Agent": agent, **named}, method=method, body=body)

    def post(self, password: str = PASSWORD, query: str = "", **more: Any) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.get(query, method="POST", body=urlencode({"password": password}).encode(), **{**form, **more})

    def events(self) -> list[ScanEvent]:
        return [event for event in self._codes.server.events() if event.code == self.number]

    def last(self) -> ScanEvent:
        return self.events()[-1]

    @property
    def used(self) -> int:
        return int(self._codes.publisher.redis.get(keys.scans_used(self.number)) or 0)

    def use(self, scans: int) -> None:
        self._codes.publisher.redis.set(keys.scans_used(self.number), scans)


@contextmanager
def codes(**settings: Any) -> Iterator[Codes]:
    with (
        tempfile.TemporaryDirectory(prefix="wm-") as folder,
        running(Path(folder)) as server,
        redirector(Path(folder), server.url, **settings) as answering,
    ):
        publisher = Publisher(server.url)
        try:
            yield Codes(answering, publisher)
        finally:
            publisher.close()
