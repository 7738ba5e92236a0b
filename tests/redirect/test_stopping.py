"""A redirector that is told to stop fails no request for it."""

import signal
from collections.abc import Callable

from tests.redirect.scanner import Publisher, Redirector, until

Start = Callable[..., Redirector]


def test_a_redirector_says_that_it_stops_and_goes_on_for_a_while(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server = start(drain_s=60)
    until(server.trusted, "trust")
    assert server.get("/abc").status == 302
    kept = server.connection.sock
    server.signal(signal.SIGTERM)
    until(lambda: server.ready() == {"ready": False, "lacks": ["stopping"]}, "it says that it stops")
    assert server.connection.sock is not kept
    for _ in range(3):
        for path in ("/abc", "/%61bc", "/never"):
            answer = server.get(path)
            assert answer.headers["connection"] == "close"
            assert answer.status == (404 if path == "/never" else 302)
    # A second signal does not wait.
    server.signal(signal.SIGTERM)
    server.process.wait(20)
    assert [event.outcome for event in server.events()].count("redirect") == 7


def test_a_redirector_without_a_while_stops_at_once(start: Start) -> None:
    one = start()
    one.stop()
    assert one.process.returncode == -signal.SIGTERM
