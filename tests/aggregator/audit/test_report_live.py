"""An audit beside an aggregator that goes on storing: no false alarm, and true ones still."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from clickhouse_connect.driver.client import Client

from aggregator.audit.report import Evidence, JournalHead, audit
from infra.warehouse import Warehouse
from tests.aggregator import stock

T = TypeVar("T")


class Storing:
    """Stores batch after batch in a thread, each under a lock, as the aggregator does under its turn."""

    def __init__(self, client: Client) -> None:
        self.turn = threading.Lock()
        self.given_out = 0
        self.batches = 0
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            first = self.given_out + 1
            self.given_out += 50
            with self.turn:
                stock.store(self._client, 5, range(first, self.given_out + 1))
            self.batches += 1

    def __enter__(self) -> "Storing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def heads(self) -> Iterator[JournalHead]:
        yield JournalHead(5, self.given_out)

    def alone(self, work: Callable[[Client], T]) -> T:
        with self.turn:
            return work(self._client)


def test_no_false_alarm_while_batches_arrive(tmp_path: Path) -> None:
    with stock.warehouse(tmp_path) as client:
        other = Warehouse(folder=tmp_path / "chdb").connect(max_threads=1)
        try:
            with Storing(client) as storing:
                audits = 0
                while audits < 6 or storing.batches < 4:
                    report = audit(other, Evidence(journals=storing.heads), sleep=lambda _: None, alone=storing.alone)
                    assert report.clean, report
                    audits += 1
                    assert audits < 500
                with storing.turn:
                    stock.remove(client, "scans", "seq = 7")
                report = audit(other, Evidence(journals=storing.heads), sleep=lambda _: None, alone=storing.alone)
            assert [(state.missing, state.gaps) for state in report.sources] == [(1, ((7, 7),))]
        finally:
            other.close()
