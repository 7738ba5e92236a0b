"""Custom domains: claimed by anyone, proven by DNS, one workspace's alone from then on."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from codes.code_fields import NewCode
from codes.domain_verification import TXT_LABEL, DomainVerifier
from codes.domains import DomainEdit, Domains, normal
from codes.errors import Conflict, Missing, NotInPlan, Refused, Unavailable
from codes.plans import presets
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes
from codes.workspaces import ensure_workspace
from schemas import keys
from schemas.domain import Domain
from tests.servers.dns import NameServer, name_server

TARGET = "edge.waymark.example"
OURS, THEIRS = 1, 2


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with name_server() as server:
        server.say(TARGET, "A", "203.0.113.10", "203.0.113.11")
        yield server


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def domains(redis: Redis, names: NameServer) -> Domains:
    return made(redis, names)


def made(redis: Redis, names: NameServer, **more: object) -> Domains:
    return Domains(
        redis,
        target=TARGET,
        own_hosts=["s.example.net:8443"],
        dns=DomainVerifier([names.address], patience_s=1.0),
        resolver=Resolver(lambda host: ("8.8.8.8",)),
        now_ms=lambda: 1_790_000_000_000,
        plans=presets(),
    )


def prove(names: NameServer, domain: Domain) -> None:
    names.say(f"{TXT_LABEL}.{domain.name}", "TXT", f'"{domain.token}"')
    names.say(domain.name, "CNAME", f"{TARGET}.")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("go.example.com", "go.example.com"),
        (" Go.Example.COM. ", "go.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("go．example．com", "go.example.com"),
    ],
)
def test_one_form_of_each_name(said: str, name: str) -> None:
    assert normal(said) == name


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            " ",
            ".",
            "localhost",
            "https://go.example.com",
            "go.example.com/x",
            "go.example.com:8080",
            "a@b.example",
        ),
        *("*.example.com", "_waymark.example.com", "10.0.0.1", "0x7f.1", "[::1]", "go..example.com", "-a.example.com"),
        *("a" * 64 + ".example", "a." * 130 + "example", "xn--a-.example", "go.exa mple.com", "go.\x00example.com"),
        *("go.example.com?x", "go.example.com#x", "go\\example.com", "go%2eexample.com", "\ud800.example"),
    ],
)
def test_what_is_no_domain(said: str) -> None:
    with pytest.raises(Refused) as refused:
        normal(said)
    assert refused.value.field == "domain"


async def test_a_claim_under_the_caller_s_id_can_be_made_again(domains: Domains) -> None:
    id = "6c1c2f0a-0f4e-4a43-8a8f-2b8d6a7e9c10"
    first = await domains.add(OURS, "go.example.com", id=id)
    assert (first.id, await domains.add(OURS, "go.example.com", id=id)) == (id, first)
    assert await domains.list(OURS) == [first]
    with pytest.raises(Conflict):
        await domains.add(OURS, "go.example.com")


async def test_from_claim_to_proof(domains: Domains, names: NameServer) -> None:
    domain = await domains.add(OURS, "Go.Example.com")
    assert (domain.name, domain.verified_at_ms) == ("go.example.com", None)
    assert not await domains.is_usable(OURS, "go.example.com")

    domain, checks = await domains.verify(OURS, domain.id)
    assert not checks.ok and domain.verified_at_ms is None
    assert checks.txt.problem == checks.cname.problem == "there is no such name"
    assert (checks.txt.expected, checks.cname.expected) == (domain.token, TARGET)

    names.say(f"{TXT_LABEL}.go.example.com", "TXT", '"something else"')
    names.say("go.example.com", "CNAME", "elsewhere.example.")
    domain, checks = await domains.verify(OURS, domain.id)
    assert not checks.ok
    assert (checks.txt.found, checks.cname.found) == (("something else",), ("elsewhere.example",))

    names.say(f"{TXT_LABEL}.go.example.com", "TXT", '"something else"', f'"{domain.token}"')
    domain, checks = await domains.verify(OURS, domain.id)
    assert checks.txt.ok and not checks.cname.ok and domain.verified_at_ms is None

    prove(names, domain)
    domain, checks = await domains.verify(OURS, domain.id)
    assert checks.ok and domain.verified_at_ms == 1_790_000_000_000
    assert await domains.is_usable(OURS, "go.example.com")
    assert not await domains.is_usable(THEIRS, "go.example.com")
    assert not await domains.is_usable(OURS, "")
    assert await domains.get(OURS, domain.id) == domain == await domains.by_number(OURS, domain.number)
    assert await domains.get(THEIRS, domain.id) is None is await domains.by_number(THEIRS, domain.number)

    # Records that are taken away again change nothing but the checks, for now.
    names.records.clear()
    domain, checks = await domains.verify(OURS, domain.id)
    assert not checks.ok and domain.verified_at_ms is not None


async def test_a_token_may_be_cut_into_several_strings(domains: Domains, names: NameServer) -> None:
    domain = await domains.add(OURS, "go.example.com")
    prove(names, domain)
    names.say(f"{TXT_LABEL}.go.example.com", "TXT", f'"{domain.token[:9]}" "{domain.token[9:]}"')
    assert (await domains.verify(OURS, domain.id))[1].ok


async def test_a_cname_through_others_and_the_addresses_of_a_name_that_can_have_none(
    domains: Domains, names: NameServer
) -> None:
    domain = await domains.add(OURS, "example.com")
    prove(names, domain)
    names.say("example.com", "CNAME", "cdn.example.com.")
    names.say("cdn.example.com", "CNAME", f"{TARGET}.")
    _, checks = await domains.verify(OURS, domain.id)
    assert checks.cname.ok and checks.cname.found == ("cdn.example.com", TARGET)

    del names.records["example.com", "CNAME"]
    names.say("example.com", "A", "203.0.113.11")
    _, checks = await domains.verify(OURS, domain.id)
    assert checks.cname.ok and checks.cname.found == ("203.0.113.11",)

    names.say("example.com", "A", "203.0.113.11", "198.51.100.1")
    _, checks = await domains.verify(OURS, domain.id)
    assert not checks.cname.ok and checks.cname.found == ("198.51.100.1", "203.0.113.11")


async def test_an_alias_that_goes_round_in_circles_ends(domains: Domains, names: NameServer) -> None:
    domain = await domains.add(OURS, "a.example.com")
    names.say("a.example.com", "CNAME", "b.example.com.")
    names.say("b.example.com", "CNAME", "a.example.com.")
    _, checks = await domains.verify(OURS, domain.id)
    assert not checks.cname.ok and checks.cname.found == ("b.example.com", "a.example.com")


async def test_the_dns_may_be_silent_or_broken(domains: Domains, names: NameServer) -> None:
    domain = await domains.add(OURS, "go.example.com")
    prove(names, domain)
    names.silent = True
    began = asyncio.get_running_loop().time()
    domain, checks = await domains.verify(OURS, domain.id)
    assert asyncio.get_running_loop().time() - began < 3
    assert not checks.ok and domain.verified_at_ms is None
    assert checks.txt.problem == checks.cname.problem == "the name servers did not answer in time"
    names.silent, names.broken = False, True
    _, checks = await domains.verify(OURS, domain.id)
    assert checks.txt.problem == "the name servers could not answer"
    names.broken = False
    assert (await domains.verify(OURS, domain.id))[1].ok


def test_servers_are_addresses() -> None:
    DomainVerifier(["127.0.0.1", "127.0.0.1:5353", "[::1]:53"])
    for wrong in ("", "localhost", "127.0.0.1:port", "1.2.3"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
            DomainVerifier([wrong])


async def test_a_claim_keeps_nobody_out_and_a_proof_everybody_else(domains: Domains, names: NameServer) -> None:
    squatter = await domains.add(THEIRS, "go.example.com")
    owner = await domains.add(OURS, "go.example.com")
    with pytest.raises(Conflict, match="in this workspace already"):
        await domains.add(OURS, "GO.example.com")
    prove(names, owner)
    await domains.verify(OURS, owner.id)
    prove(names, squatter)
    with pytest.raises(Conflict, match="another workspace"):
        await domains.verify(THEIRS, squatter.id)
    assert not await domains.is_usable(THEIRS, "go.example.com")
    with pytest.raises(Conflict, match="another workspace"):
        await domains.add(3, "go.example.com")

    # The squatter's going changes nothing; the owner's frees the name.
    assert await domains.delete(THEIRS, squatter.id)
    assert await domains.is_usable(OURS, "go.example.com")
    assert await domains.delete(OURS, owner.id)
    assert not await domains.is_usable(OURS, "go.example.com")
    again = await domains.add(THEIRS, "go.example.com")
    prove(names, again)
    assert (await domains.verify(THEIRS, again.id))[0].verified_at_ms is not None
    assert again.number > squatter.number


async def test_two_proofs_at_once_make_one_owner(domains: Domains, names: NameServer) -> None:
    claims = [await domains.add(workspace, "go.example.com") for workspace in (1, 2, 3)]
    names.say("go.example.com", "CNAME", f"{TARGET}.")
    names.say(f"{TXT_LABEL}.go.example.com", "TXT", *(f'"{claim.token}"' for claim in claims))
    done = await asyncio.gather(
        *(domains.verify(claim.workspace, claim.id) for claim in claims), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in done) == 2
    assert [await domains.is_usable(number, "go.example.com") for number in (1, 2, 3)].count(True) == 1


async def test_a_name_that_is_added_twice_at_once_is_one_claim(domains: Domains) -> None:
    adding = (domains.add(OURS, "go.example.com") for _ in range(10))
    done = await asyncio.gather(*adding, domains.add(THEIRS, "go.example.com"), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in done) == 9
    (ours,) = await domains.list(OURS)
    await domains.delete(OURS, ours.id)
    await domains.add(OURS, "go.example.com")


async def test_own_hosts_are_nobodys_domain(domains: Domains) -> None:
    for name in ("s.example.net", TARGET):
        with pytest.raises(Refused, match="of this service"):
            await domains.add(OURS, name)


async def test_a_workspace_has_so_many(domains: Domains) -> None:
    await asyncio.gather(*(domains.add(OURS, f"d{n}.example.com") for n in range(presets()["unlimited"].domains)))
    with pytest.raises(NotInPlan, match="100 domains"):
        await domains.add(OURS, "more.example.com")
    listed = await domains.list(OURS)
    assert len(listed) == 100
    assert [domain.number for domain in listed] == sorted({domain.number for domain in listed}, reverse=True)
    assert await domains.list(THEIRS) == []


async def test_edits(domains: Domains) -> None:
    domain = await domains.add(OURS, "go.example.com")
    domain = await domains.edit(OURS, domain.id, DomainEdit(root_url="https://bücher.example/ü", not_found_text="Nö."))
    assert domain.root_url == "https://xn--bcher-kva.example/%C3%BC"
    assert domain.not_found_text == "Nö."
    domain = await domains.edit(OURS, domain.id, DomainEdit(root_url=""))
    assert (domain.root_url, domain.not_found_text) == ("", "Nö.")
    assert await domains.edit(OURS, domain.id, DomainEdit()) == domain
    for wrong in (
        DomainEdit(root_url="javascript:alert(1)"),
        DomainEdit(not_found_url="http://10.0.0.1/"),
        DomainEdit(not_found_url="https://s.example.net:8443/x"),
        DomainEdit(root_url="https://go.example.com/round"),
        DomainEdit(root_text="x" * 501),
        DomainEdit(root_text="a\x00b"),
        DomainEdit(not_found_text="\ud800"),
    ):
        with pytest.raises(Refused) as refused:
            await domains.edit(OURS, domain.id, wrong)
        assert refused.value.field in wrong.changes()
    with pytest.raises(Missing):
        await domains.edit(THEIRS, domain.id, DomainEdit(root_text="x"))
    with pytest.raises(Missing):
        await domains.verify(OURS, "no id")
    assert not await domains.delete(THEIRS, domain.id)
    assert await domains.delete(OURS, domain.id)
    assert not await domains.delete(OURS, domain.id)


async def test_only_changes_of_verified_domains_are_told(domains: Domains, names: NameServer, redis: Redis) -> None:
    heard = redis.pubsub()
    await heard.subscribe(keys.ROUTES)
    domain = await domains.add(OURS, "go.example.com")
    await domains.edit(OURS, domain.id, DomainEdit(root_text="not yet"))
    prove(names, domain)
    await domains.verify(OURS, domain.id)
    await domains.edit(OURS, domain.id, DomainEdit(root_text="hello"))
    await domains.delete(OURS, domain.id)
    versions = []
    while message := await heard.get_message(ignore_subscribe_messages=False, timeout=0.2):
        if message["type"] == "message":
            said = json.loads(message["data"])
            assert said["key"] == keys.DOMAINS
            versions.append(said["route"]["version"])
    await heard.aclose()  # type: ignore[no-untyped-call]
    assert versions == [1_790_000_000_000 + n for n in range(3)]
    assert await redis.get(keys.CHANGES) == b"3"


async def test_a_domain_with_codes_on_it_stays(domains: Domains, names: NameServer, redis: Redis) -> None:
    domain = await domains.add(OURS, "go.example.com")
    prove(names, domain)
    await domains.verify(OURS, domain.id)
    codes = Codes(redis, resolver=Resolver(lambda host: ("8.8.8.8",)), usable=domains.is_usable, plans=presets())
    code = await codes.create(OURS, NewCode(destination="https://example.com/", host=domain.name))
    await codes.create(OURS, NewCode(destination="https://example.com/"))
    with pytest.raises(Conflict, match=r"^domain: 1 code is on go\.example\.com"):
        await domains.delete(OURS, domain.id)
    assert await domains.is_usable(OURS, domain.name)
    await codes.delete(OURS, code.id)
    assert await domains.delete(OURS, domain.id)


async def test_nobody_s_short_domain_is_a_destination(domains: Domains, names: NameServer, redis: Redis) -> None:
    """What it leads to may change at any time, and lead back."""
    theirs = await domains.add(THEIRS, "go.example.com")
    codes = Codes(
        redis,
        resolver=Resolver(lambda host: ("8.8.8.8",)),
        usable=domains.is_usable,
        is_short=domains.is_short,
        plans=presets(),
    )
    # A claim is nothing.
    await codes.create(OURS, NewCode(destination="https://go.example.com/x"))
    prove(names, theirs)
    await domains.verify(THEIRS, theirs.id)
    for workspace in (OURS, THEIRS):
        with pytest.raises(Refused, match="short domain") as refused:
            await codes.create(workspace, NewCode(destination="https://GO.example.com:443/x"))
        assert refused.value.code == "destination_loop"
    ours = await domains.add(OURS, "our.example.com")
    with pytest.raises(Refused, match="root_url must not be on a short domain"):
        await domains.edit(OURS, ours.id, DomainEdit(root_url="https://go.example.com/"))


async def test_redis_away() -> None:
    away = connect("redis://127.0.0.1:1")
    domains = Domains(away, target=TARGET, plans=presets())
    for call in (
        domains.add(OURS, "go.example.com"),
        domains.list(OURS),
        domains.is_usable(OURS, "go.example.com"),
        domains.delete(OURS, "0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10"),
    ):
        with pytest.raises(Unavailable):
            await call
    await away.aclose()


async def test_a_plan_without_domains_takes_no_claim(domains: Domains, redis: Redis) -> None:
    workspace = await ensure_workspace(redis, "on a plan", plan="qr-code-agency-pro")
    with pytest.raises(NotInPlan) as refused:
        await domains.add(workspace.number, "go.example.com")
    assert (refused.value.kind, refused.value.code) == ("feature", "custom_domains")
    assert await domains.list(workspace.number) == []
