"""Processes that draw: as good as drawing here, and they can be lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import qr
from qr.errors import Refused, Unreadable
from qr.render_pool import PictureCache, RenderJob, RenderPool, cache_key
from qr.style import PLAIN, parse


@pytest.fixture
def workers() -> Iterator[RenderPool]:
    found = RenderPool()
    yield found
    found.close()


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_draws_what_is_drawn_here(workers: RenderPool) -> None:
    style = parse({"shape": "dots", "frame": "Scan me"})
    assert workers.draw(RenderJob("hello", style, "svg", 300)) == qr.draw("hello", style, "svg", 300)


def test_refusals_come_back_with_their_field(workers: RenderPool) -> None:
    with pytest.raises(Unreadable) as unreadable:
        workers.draw(RenderJob("hello", parse({"color": "#eee"}), "png", 300))
    assert unreadable.value.field == "style.color"
    with pytest.raises(Refused) as refused:
        workers.draw(RenderJob("", PLAIN, "png", 300))
    assert refused.value.field == "data" and not isinstance(refused.value, Unreadable)


def test_it_outlives_the_thread_that_started_it(workers: RenderPool) -> None:
    job = RenderJob("a", PLAIN, "png", 100)
    for _ in range(3):
        with ThreadPoolExecutor(1) as threads:
            threads.submit(workers.draw, job).result()
        (worker,) = workers._idle
        # The thread's end, and what the kernel does then, may come a moment after the executor's.
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.2)
        assert workers.draw(job) and workers._idle == [worker]


def test_one_that_died_is_replaced(workers: RenderPool) -> None:
    workers.draw(RenderJob("a", PLAIN, "png", 100))
    (worker,) = workers._idle
    worker.kill()
    worker.wait()
    assert workers.draw(RenderJob("b", PLAIN, "png", 100))
    assert [each.pid for each in workers._idle] != [worker.pid]


def test_one_that_dies_at_work_is_a_refusal_and_the_next_is_drawn(workers: RenderPool) -> None:
    workers.draw(RenderJob("a", PLAIN, "png", 100))
    (worker,) = workers._idle
    os.kill(worker.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(workers.draw, RenderJob("b", PLAIN, "png", 100))
        time.sleep(0.2)
        worker.kill()
        with pytest.raises(Refused, match="too much time or memory"):
            waiting.result(timeout=20)
    assert workers.draw(RenderJob("c", PLAIN, "png", 100))


def test_one_that_hangs_is_ended() -> None:
    workers = RenderPool()
    workers.draw(RenderJob("a", PLAIN, "png", 100))
    workers._patience_s = 0.5
    (worker,) = workers._idle
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(Refused, match="too much time or memory"):
        workers.draw(RenderJob("b", PLAIN, "png", 100))
    assert not running(worker.pid)
    workers.close()


def test_they_end_with_their_parent_even_when_it_is_killed() -> None:
    script = (
        "import sys, time\n"
        "from qr.render_pool import RenderJob, RenderPool\nfrom qr.style import PLAIN\n"
        "w = RenderPool()\nw.draw(RenderJob('a', PLAIN, 'png', 100))\n"
        "print(w._idle[0].pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert running(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 30
    while running(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not running(pid)


def test_a_cache_holds_so_many_bytes_and_forgets_the_oldest() -> None:
    cache = PictureCache(max_bytes=100)
    for key in (b"a", b"b"):
        cache.put(key, bytes(50))
    assert cache.get(b"a") == bytes(50)
    cache.put(b"c", bytes(40))
    assert (cache.get(b"b"), cache.size) == (None, 90)
    cache.put(b"a", bytes(10))
    assert cache.size == 50
    cache.put(b"huge", bytes(101))
    assert cache.get(b"huge") is None and cache.size == 0


def test_what_differs_has_another_name() -> None:
    logo = parse({"logo": "data:image/png;base64,AAAA"})
    other = parse({"logo": "data:image/png;base64,AAAB"})
    jobs = [
        RenderJob("a", PLAIN, "png", 64),
        RenderJob("b", PLAIN, "png", 64),
        RenderJob("a", PLAIN, "svg", 64),
        RenderJob("a", PLAIN, "png", 65),
    ]
    jobs += [RenderJob("a", logo, "png", 64), RenderJob("a", other, "png", 64)]
    assert len({cache_key(job) for job in jobs}) == len(jobs)
    assert cache_key(RenderJob("a", parse({}), "png", 64)) == cache_key(RenderJob("a", PLAIN, "png", 64))
