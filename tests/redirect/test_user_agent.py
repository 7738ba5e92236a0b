"""One file of user agents for each family of clients, with what they are read as."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirect.user_agent import Agent, agent_reader, is_prefetch, kind_of_agent
from schemas.event import KINDS

FAMILIES = sorted((Path(__file__).parent / "agents").glob("*.json"))
CLIENTS = {"iOS", "Android", "macOS", "Windows", "Linux", "Bot", "other"}


@pytest.fixture(scope="module")
def read() -> Callable[[bytes], Agent]:
    return agent_reader()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda path: path.stem)
def test_every_family_is_read_as_what_it_is(family: Path, read: Callable[[bytes], Agent]) -> None:
    for case in json.loads(family.read_text()):
        agent = read(case["agent"].encode())
        found = [agent.kind, agent.device, agent.model, agent.os, agent.browser, agent.client]
        assert found == case["is"], case["agent"]


READ = agent_reader()


@given(st.one_of(st.binary(max_size=600), st.text(max_size=600).map(str.encode)))
def test_anything_may_stand_in_a_user_agent(raw: bytes) -> None:
    agent = READ(raw)
    assert agent.kind in KINDS
    assert agent.device in {"mobile", "tablet", "desktop", ""}
    assert agent.client in CLIENTS
    assert (agent.client == "Bot") == (agent.kind != "human")
    assert max(len(agent.os), len(agent.browser), len(agent.model)) <= 48


def test_two_agents_that_differ_only_far_out_are_two_visitors() -> None:
    assert READ(b"x" * 9000).digest != READ(b"x" * 8999 + b"y").digest


def test_a_browser_that_loads_ahead_says_so_in_one_of_several_ways() -> None:
    for name, value in {
        b"sec-purpose": b"prefetch;prerender",
        b"purpose": b"prefetch",
        b"x-purpose": b"preview",
        b"x-moz": b"Prefetch",
    }.items():
        assert is_prefetch({name: value})
        assert not is_prefetch({name: b"none"})
    assert not is_prefetch({})


def test_no_agent_is_no_person() -> None:
    assert kind_of_agent("") == kind_of_agent("  ") == "bot"
