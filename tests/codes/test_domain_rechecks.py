"""Whose proof is gone is served for a grace and no longer, and the name is free for its new owner."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from codes.code_fields import Edit, NewCode
from codes.domain_rechecks import DAY_MS, OFTENER, DomainRechecks
from codes.domain_verification import TXT_LABEL, DomainVerifier
from codes.domains import GRACE_MS, Domains
from codes.errors import Conflict, Refused
from codes.plans import presets
from codes.resolver import Resolver
from codes.service import Codes
from schemas import keys
from schemas.domain import Domain
from tests.servers.dns import NameServer, name_server

TARGET = "edge.waymark.example"
OURS, THEIRS = 1, 2


class Clock:
    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with name_server() as server:
        server.say(TARGET, "A", "203.0.113.10")
        yield server


@pytest.fixture
def domains(redis: Redis, names: NameServer, clock: Clock) -> Domains:
    dns = DomainVerifier([names.address], patience_s=0.3)
    return Domains(
        redis, target=TARGET, dns=dns, resolver=Resolver(lambda host: ("8.8.8.8",)), now_ms=clock, plans=presets()
    )


async def proven(domains: Domains, names: NameServer, workspace: int, name: str = "go.example.com") -> Domain:
    domain = await domains.add(workspace, name)
    prove(names, domain)
    domain, checks = await domains.verify(workspace, domain.id)
    assert checks.ok
    return domain


def prove(names: NameServer, domain: Domain) -> None:
    names.say(f"{TXT_LABEL}.{domain.name}", "TXT", f'"{domain.token}"')
    names.say(domain.name, "CNAME", f"{TARGET}.")


async def now(domains: Domains, domain: Domain) -> Domain:
    found = await domains.get(domain.workspace, domain.id)
    assert found is not None
    return found


async def test_a_proof_that_is_gone_lapses_after_its_grace(
    domains: Domains, names: NameServer, clock: Clock, redis: Redis
) -> None:
    domain = await proven(domains, names, OURS)
    rechecks = DomainRechecks(domains)
    assert await rechecks.round() == {"proven": 1}
    # Once a day, whoever asks.
    assert await DomainRechecks(domains).round() == {}
    del names.records[f"{TXT_LABEL}.{domain.name}", "TXT"]
    clock.ms += DAY_MS
    version = int(await redis.get(keys.DOMAINS_VERSION) or 0)
    assert await rechecks.round() == {"unproven": 1}
    found = await now(domains, domain)
    assert (found.unproven_since_ms, domains.served_until_ms(found)) == (clock.ms, clock.ms + GRACE_MS)
    assert await domains.is_usable(OURS, domain.name) and rechecks.metrics() == {"waymark_domains_unproven": 1}
    # Until then it is looked at more often.
    clock.ms += DAY_MS // OFTENER
    assert await rechecks.round() == {"unproven": 1}
    clock.ms += GRACE_MS
    assert await rechecks.round() == {"lapsed": 1}
    found = await now(domains, domain)
    assert (found.verified_at_ms, found.unproven_since_ms, found.lapsed_at_ms) == (None, None, clock.ms)
    assert not await domains.is_usable(OURS, domain.name) and not await domains.is_short(domain.name)
    # Redirectors are told of both.
    assert int(await redis.get(keys.DOMAINS_VERSION) or 0) >= version + 2
    assert await rechecks.round() == {} and rechecks.metrics() == {"waymark_domains_unproven": 0}
    assert await redis.zcard(keys.DOMAINS_LOOKED_AT) == 0
    # It can be proven again.
    prove(names, domain)
    domain, _ = await domains.verify(OURS, domain.id)
    assert domain.verified_at_ms == clock.ms and domain.lapsed_at_ms is None


async def test_a_proof_that_comes_back_in_time(domains: Domains, names: NameServer, clock: Clock) -> None:
    domain = await proven(domains, names, OURS)
    rechecks = DomainRechecks(domains)
    names.say(f"{TXT_LABEL}.{domain.name}", "TXT", '"something else"')
    assert await rechecks.round() == {"unproven": 1}
    prove(names, domain)
    clock.ms += GRACE_MS + 1
    assert await rechecks.round() == {"proven": 1}
    assert (await now(domains, domain)).unproven_since_ms is None
    # Or where its owner asks for it.
    del names.records[f"{TXT_LABEL}.{domain.name}", "TXT"]
    clock.ms += DAY_MS
    await rechecks.round()
    prove(names, domain)
    assert (await domains.verify(OURS, domain.id))[0].unproven_since_ms is None


@pytest.mark.parametrize("how", ["silent", "broken"])
async def test_name_servers_that_say_nothing_prove_nothing(
    domains: Domains, names: NameServer, clock: Clock, how: str
) -> None:
    domain = await proven(domains, names, OURS)
    setattr(names, how, True)
    assert await DomainRechecks(domains).round() == {"unknown": 1}
    assert (await now(domains, domain)).unproven_since_ms is None


async def test_a_new_owner(domains: Domains, names: NameServer, clock: Clock, redis: Redis) -> None:
    codes = Codes(
        redis,
        resolver=Resolver(lambda host: ("8.8.8.8",)),
        usable=domains.is_usable,
        is_short=domains.is_short,
        plans=presets(),
    )
    domain = await proven(domains, names, OURS)
    old = await codes.create(OURS, NewCode(destination="https://example.com/", slug="menu", host=domain.name))
    given_up = await codes.create(OURS, NewCode(destination="https://example.com/", slug="gone", host=domain.name))
    await codes.delete(OURS, given_up.id)
    claim = await domains.add(THEIRS, domain.name) if await no_conflict(domains) else None
    assert claim is None
    # The new owner has the DNS, and says so before the day's look: the grace begins at once.
    name = domain.name
    names.say(f"{TXT_LABEL}.{name}", "TXT", '"theirs"')
    await DomainRechecks(domains).round()
    clock.ms += GRACE_MS
    await DomainRechecks(domains).round()
    theirs = await proven(domains, names, THEIRS, name)
    assert await domains.is_usable(THEIRS, name) and not await domains.is_usable(OURS, name)
    assert (await domains.verify(OURS, domain.id))[0].verified_at_ms is None
    # What the old one gave up is free, and what it has there makes room.
    assert (
        await codes.create(THEIRS, NewCode(destination="https://example.com/", slug="gone", host=name))
    ).host == name
    new = await codes.create(THEIRS, NewCode(destination="https://example.org/", slug="menu", host=name))
    assert await codes.by_slug(name, "menu") == new
    moved = await codes.get(OURS, old.id)
    assert moved is not None and moved.host == "" and moved.destination == old.destination
    # So it does where a code is moved there.
    second = await codes.create(THEIRS, NewCode(destination="https://example.org/", slug="other"))
    with pytest.raises(Conflict):
        await codes.edit(THEIRS, second.id, Edit(host=name, slug="menu"))
    with pytest.raises(Refused):
        await codes.create(OURS, NewCode(destination="https://example.com/", slug="new", host=name))
    assert theirs.verified_at_ms == clock.ms


async def no_conflict(domains: Domains) -> bool:
    """(While a name is verified nobody else can claim it.)"""
    try:
        await domains.add(THEIRS, "go.example.com")
    except Conflict:
        return False
    return True


async def test_a_claim_from_before_that_is_proven_begins_the_grace(
    domains: Domains, names: NameServer, clock: Clock
) -> None:
    claim = await domains.add(THEIRS, "go.example.com")
    domain = await proven(domains, names, OURS)
    prove(names, claim)
    with pytest.raises(Conflict):
        await domains.verify(THEIRS, claim.id)
    assert (await now(domains, domain)).unproven_since_ms == clock.ms
    clock.ms += GRACE_MS
    with pytest.raises(Conflict):
        await domains.verify(THEIRS, claim.id)
    assert (await now(domains, domain)).verified_at_ms is None
    assert (await domains.verify(THEIRS, claim.id))[0].verified_at_ms == clock.ms


async def test_an_edit_makes_room_too(domains: Domains, names: NameServer, clock: Clock, redis: Redis) -> None:
    codes = Codes(redis, resolver=Resolver(lambda host: ("8.8.8.8",)), usable=domains.is_usable, plans=presets())
    domain = await proven(domains, names, OURS)
    old = await codes.create(OURS, NewCode(destination="https://example.com/", slug="menu", host=domain.name))
    names.records.clear()
    names.say(TARGET, "A", "203.0.113.10")
    await DomainRechecks(domains).round()
    clock.ms += GRACE_MS
    await DomainRechecks(domains).round()
    await proven(domains, names, THEIRS)
    mine = await codes.create(THEIRS, NewCode(destination="https://example.org/", slug="menu"))
    edited = await codes.edit(THEIRS, mine.id, Edit(host=domain.name))
    assert (edited.host, edited.slug) == (domain.name, "menu")
    moved = await codes.get(OURS, old.id)
    assert moved is not None and moved.host == ""


async def test_it_stops_when_it_is_told(domains: Domains, names: NameServer) -> None:
    await proven(domains, names, OURS)
    stop = asyncio.Event()
    task = asyncio.create_task(DomainRechecks(domains).run(stop))
    asked = len(names.questions)
    async with asyncio.timeout(30):
        while len(names.questions) == asked:  # noqa: ASYNC110 - the name server is a socket
            await asyncio.sleep(0.01)
        stop.set()
        await task
    await DomainRechecks(domains, every_ms=0).run(asyncio.Event())
