"""A stop ends the streams that are read."""

import threading

import httpx

from tests.waymark.running import KEY, up


def test_a_stop_ends_streams_and_is_not_kept_by_them() -> None:
    with up() as one:
        began, ended = threading.Event(), threading.Event()

        def read() -> None:
            url, headers = f"http://127.0.0.1:{one.api_port}/v1/stream", {"Authorization": f"Bearer {KEY}"}
            with httpx.Client(timeout=60, headers=headers) as http, http.stream("GET", url) as answer:
                for _ in answer.iter_raw():
                    began.set()
            ended.set()

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        assert began.wait(60)
        one.stop()
        assert ended.wait(60)
