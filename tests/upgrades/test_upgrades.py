"""The tree of the day goes on with the data of each past version, while scans come in: nothing lost, nothing failed."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drill.kafka import KafkaServer
from infra.version import VERSION
from tests.servers import require
from tests.upgrades.fixture import BROKER, Manifest, names, settings, unpack
from tests.waymark.running import Up, end, wait_for

pytestmark = [pytest.mark.proof, pytest.mark.timeout(240)]


class Load:
    """Scans every path again and again, as soon as there is an answer, until it is ended."""

    def __init__(self, up: Up, manifest: Manifest) -> None:
        self._up, self._manifest = up, manifest
        self.answered: Counter[str] = Counter()
        self.wrong: list[object] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            for path, right in self._manifest.answers.items():
                try:
                    found = self._up.scan(path)
                except OSError as error:
                    # Before the first answer nobody listens yet.
                    if self.answered:
                        self.wrong.append((path, error))
                    break
                self.answered[path] += 1
                if found not in right:
                    self.wrong.append((path, found))


@contextmanager
def broker(folder: Path) -> Iterator[KafkaServer | None]:
    if not folder.exists():
        yield None
        return
    server = KafkaServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("name", names())
def test_an_upgrade_loses_nothing_and_fails_no_scan(name: str, tmp_path: Path) -> None:
    if name.endswith("kafka"):
        require.programs("java", "mvn", why="a Kafka broker")
    manifest = unpack(name, tmp_path)
    with broker(tmp_path / BROKER) as server:
        up = Up(tmp_path, workers=1, **settings(server))
        load = Load(up, manifest)
        try:
            up.start()
            wait_for(lambda: min(load.answered.values(), default=0) >= 3, what="scans of every code")
            load.end()
            assert load.wrong == []
            stored = manifest.scans - manifest.erased + load.answered.total()
            wait_for(lambda: up.audit()["stored"] == stored, what="old scans and new ones are stored")
            for id, total in manifest.totals.items():
                code = up.call("GET", f"/v1/dynamic/{id}")[1]
                slug = code["slug"]
                paths = [slug, *code["aliases"], f"q/{slug}/", f"r/{slug}?p=window"]
                assert up.total(code) == total + sum(load.answered[path] for path in paths)
            one = up.create("https://example.com/new")
            assert up.scan(one["slug"]) == (302, "https://example.com/new")
        finally:
            load.end()
            end(up)


def test_this_version_has_its_fixtures() -> None:
    """Made when it is cut (CONTRIBUTING.md), so that the next one is tried on them."""
    assert {f"{VERSION}/journal", f"{VERSION}/kafka"} <= set(names())
