"""What a stranger sends cannot make a regular expression work for long.

Counted is the processor's time of this thread, so that a busy machine fails nothing, and it is held to bounds that a
pattern which goes back over its input exceeds by orders of magnitude.
"""

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ua_parser.loaders import load_builtins

from redirect.request_fields import labels, language, referrer, utm
from redirect.user_agent import LONGEST_AGENT, agent_reader

ROOMS = (
    "infra",
    "schemas",
    "decisions",
    "redirect",
    "ingest",
    "pages",
    "codes",
    "api",
    "analytics",
    "aggregator",
    "qr",
    "waymark",
    "webhooks",
)
# An agent of full length that nobody has sent before costs 3 ms at worst.
AGENT_S = 0.05
# Everything else that is read of a header.
HEADER_S = 0.01
# One of our own patterns on a few thousand characters.
PATTERN_S = 0.2
LONG = 2_000

read_agent = agent_reader()


def cpu_s(work: Callable[[], Any]) -> float:
    """The least of three: what another thread's garbage collection adds is not its own."""
    found = []
    for _ in range(3):
        began = time.thread_time()
        work()
        found.append(time.thread_time() - began)
    return min(found)


def words() -> list[str]:
    """All that the parser's patterns look for, so that what is sent gets far into them."""
    patterns = {getattr(matcher, "pattern", "") for group in load_builtins() for matcher in group}
    texts = {one.pattern if isinstance(one, re.Pattern) else str(one) for one in patterns}
    return sorted({word for text in texts for word in re.findall(r"[A-Za-z0-9 /;_.-]{3,}", text)})


WORDS = words()
_pieces = st.one_of(st.sampled_from(WORDS), st.sampled_from(list(" ;/()A1.-_,\t\\\"'é")), st.text(max_size=4))
_repeated = st.builds(lambda piece, times: piece * times, _pieces, st.integers(1, 600))
hostile = st.lists(_repeated, max_size=6).map("".join)
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_the_words_are_those_of_the_patterns() -> None:
    assert len(WORDS) > 1_000


@quick
@given(hostile)
def test_agents(text: str) -> None:
    raw = text.encode()
    assert cpu_s(lambda: read_agent(raw)) < AGENT_S


@quick
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=LONGEST_AGENT), hostile)
def test_what_follows_the_longest_agent_is_not_looked_at(text: str, more: str) -> None:
    """The work is bounded because the input is."""
    full = (text + "x" * LONGEST_AGENT)[:LONGEST_AGENT].encode()
    alone, followed = read_agent(full), read_agent(full + more.encode())
    assert msgspec.structs.replace(followed, digest=b"") == msgspec.structs.replace(alone, digest=b"")


@quick
@given(st.sampled_from(["", "http://", "https://[", "android-app://", "http://xn--"]), hostile)
def test_referrers(scheme: str, text: str) -> None:
    raw = (scheme + text).encode()
    assert cpu_s(lambda: referrer(raw)) < HEADER_S


@pytest.mark.parametrize("piece", ["é", "xn--", "a.", ":", "%", "@", "\u0301", "ß", "\u202e"])
def test_referrers_of_one_piece(piece: str) -> None:
    raw = f"http://{piece * 9_000}/".encode()
    assert cpu_s(lambda: referrer(raw)) < HEADER_S


@quick
@given(hostile)
def test_languages_and_campaigns(text: str) -> None:
    raw = text.encode()
    assert cpu_s(lambda: language(raw)) < HEADER_S
    query = b"utm_source=" + raw.replace(b"\n", b"")
    assert cpu_s(lambda: utm(query)) < HEADER_S
    assert cpu_s(lambda: labels(query + b"&p=" + raw + b"&e=" + raw)) < HEADER_S


def our_patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern that one of our modules has at its top, however it is kept there."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for found in pkgutil.walk_packages(package.__path__, f"{room}."):
            if found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                kept = value.values() if isinstance(value, dict) else [value]
                for at, one in enumerate(kept):
                    if isinstance(one, re.Pattern):
                        yield f"{found.name}.{name}.{at}", one


PATTERNS = dict(our_patterns())


def test_our_patterns_are_found() -> None:
    assert len(PATTERNS) > 30
    assert {"redirect.paths._SLUG.0", "schemas.probe_paths._PROBE.0", "codes.destinations._parts.0"} <= set(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_our_own_patterns(name: str) -> None:
    """Pumped with what they themselves are made of, and ended by what they do not take."""
    pattern = PATTERNS[name]
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    letters = sorted({*re.sub(r"[\\^$*+?{}\[\]|()]", "", text)[:40], *"a0 .-/%é"})
    pumps = [*letters, *(one + other for one in "a0 -.%/" for other in "a0 -.%/" if one != other)]
    worst = ("", 0.0)
    for pump in pumps:
        for head in ("", "http://", "a"):
            hostile_text = (head + pump * LONG)[:LONG] + "\x00\n!"
            sent: Any = hostile_text
            if isinstance(pattern.pattern, bytes):
                sent = hostile_text.encode()
            began = time.thread_time()
            pattern.fullmatch(sent)
            pattern.search(sent[: LONG // 2])
            spent = time.thread_time() - began
            if spent > worst[1]:
                worst = (pump, spent)
    assert worst[1] < PATTERN_S, worst
