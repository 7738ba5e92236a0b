"""webhooks: the schedule of retries."""

import random

from webhooks import retries


def test_the_pauses_are_those_of_the_specification_and_a_little_more() -> None:
    rng = random.Random(1)
    pauses = [retries.pause_ms(attempts, rng) for attempts in range(1, retries.ATTEMPTS + 1)]
    assert pauses[-1] is None and len(pauses) == 10
    for pause, least in zip(pauses[:-1], retries.PAUSES_MS, strict=True):
        assert pause is not None and least <= pause <= 1.2 * least
    assert len({retries.pause_ms(5, rng) for _ in range(20)}) == 20, "what failed together is not tried together"
    assert 3 * retries.DAY_MS < sum(retries.PAUSES_MS) < retries.STOPPED_AFTER_MS


def test_an_endpoint_rests_longer_the_longer_it_fails() -> None:
    rng = random.Random(1)
    rests = [retries.rest_ms(failures, rng) for failures in (1, 2, 4, 8, 20, 5_000)]
    assert rests[0] == 0 < rests[1] < rests[2] < rests[3] and rests[-1] > 0.7 * retries.MAX_REST_MS
    assert max(rests) <= retries.MAX_REST_MS


def test_what_a_receiver_asks_for() -> None:
    now_ms = 1_779_375_600_000
    assert retries.asked_ms("120", now_ms) == 120_000
    assert retries.asked_ms(" 7 ", now_ms) == 7_000
    assert retries.asked_ms("Thu, 21 May 2026 15:01:00 GMT", now_ms) == 60_000
    assert retries.asked_ms("Thu, 21 May 2026 14:00:00 GMT", now_ms) == 0
    for text in (None, "", "soon", "-5", "١", "9" * 5_000, "Thu, 99 May 2026"):
        assert 0 <= retries.asked_ms(text, now_ms) <= 999_999_999_000
    asked = retries.pause_ms(1, random.Random(1), 10 * retries.DAY_MS)
    assert asked == retries.MAX_ASKED_MS
