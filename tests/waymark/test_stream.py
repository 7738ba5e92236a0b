"""The stream of a whole Waymark: through kills of the core, and resumed at random, each scan comes once."""

import random
import signal
import threading
import time

import httpx
import pytest
from httpx_sse import connect_sse

from harness.agents import PHONE
from tests.waymark.running import KEY, Up, up

pytestmark = pytest.mark.timeout(280)


class Client:
    """Reads until it has enough, wherever it is cut off; keeps the last id, as the WHATWG says."""

    def __init__(self, one: Up, position: str) -> None:
        self.read: list[str] = []
        self.resumed = 0
        self._url = f"http://127.0.0.1:{one.api_port}/v1/stream"
        self._last = position

    def read_on(self, enough: int, patience_s: float = 30.0) -> None:
        """Until so many scans are read in all, or until the connection ends."""
        self.resumed += 1
        headers = {"Authorization": f"Bearer {KEY}", "Last-Event-ID": self._last}
        try:
            with (
                httpx.Client(timeout=patience_s) as http,
                connect_sse(http, "GET", self._url, headers=headers) as source,
            ):
                if source.response.status_code in (502, 503):
                    return
                source.response.raise_for_status()
                for event in source.iter_sse():
                    self._last = event.id or self._last
                    if event.event == "scan":
                        self.read.append(event.json()["placement"])
                        if len(self.read) >= enough:
                            return
        except httpx.TransportError:
            time.sleep(0.1)


def position(one: Up) -> str:
    with httpx.Client(timeout=30, headers={"Authorization": f"Bearer {KEY}"}) as http:
        text = http.get(f"http://127.0.0.1:{one.api_port}/v1/stream", params={"follow": "false"}).text
    return text.partition("id: ")[2].partition("\n")[0]


def scans(one: Up, slug: str, first: int, last: int, pause_s: float = 0.0) -> None:
    """Each with a placement of its own. Cores that die do not keep a redirector from answering."""
    with httpx.Client(timeout=30, headers={"User-Agent": PHONE}) as http:
        for number in range(first, last + 1):
            answer = http.get(f"http://127.0.0.1:{one.redirect_port}/{slug}", params={"p": f"n{number}"})
            assert answer.status_code == 302
            time.sleep(pause_s)


@pytest.mark.kill
def test_resumed_at_random_and_through_kills_of_the_core_each_scan_comes_once() -> None:
    dice = random.Random(13)
    total = 300
    with up() as one:
        slug = one.create()["slug"]
        client = Client(one, position(one))
        walking = threading.Thread(target=scans, args=(one, slug, 1, total, 0.01))
        walking.start()
        kills = 2
        while len(client.read) < total:
            client.read_on(min(total, len(client.read) + dice.randrange(1, 12)))
            if kills and client.resumed % 15 == 0:
                kills -= 1
                (core,) = one.child("core")
                core.send_signal(signal.SIGKILL)
        walking.join()
        assert sorted(client.read) == sorted(f"n{number}" for number in range(1, total + 1))
        assert client.resumed >= 30 and not kills
        assert one.audit()["clean"]


def test_a_stop_ends_streams_and_is_not_kept_by_them() -> None:
    with up() as one:
        client = Client(one, position(one))
        reading = threading.Thread(target=client.read_on, args=(1, 60.0))
        reading.start()
        time.sleep(1)
        began = time.monotonic()
        one.stop()
        reading.join(20)
        assert not reading.is_alive()
        assert time.monotonic() - began < 20
