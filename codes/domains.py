"""Custom domains: claim a name, verify it by DNS, set its root and not-found answers, delete it.

A claim is free; only the proof makes a name exclusive, and only as long as it is there. So nobody can keep a name from
its owner, neither by claiming it first nor by having owned it before. Every change of a verified domain is published to
the redirectors, as changes of routes are.
"""

import secrets
import uuid
from collections.abc import Callable, Collection
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import acknowledgements, destinations, index, numbers, plan_limits
from codes.domain_verification import DomainChecks, DomainVerifier
from codes.errors import Conflict, Missing, NotInPlan, Refused, Unavailable
from codes.plans import Plans, plan_of
from codes.public_ip import looks_like_ipv4
from codes.redis_client import Script, command, raises_unavailable
from codes.resolver import Resolver
from infra import clock
from schemas import keys
from schemas.branding import PLAIN, Branding
from schemas.domain import Domain, decode_domain

MAX_TEXT = 500
# How long a domain is served after its proof is gone.
GRACE_MS = 7 * 24 * 3600 * 1000
_TOKEN = "waymark-"  # noqa: S105 - not a secret: it is published in the DNS
_TRIES = 10
_READ_AT_ONCE = 500
_UNSEEN = frozenset(map(chr, [*range(9), *range(11, 32), 127]))

# A `schemas.route.RouteChange` of the key that holds all domains, whose version and nonce are to be filled in:
# redirectors then read domains and brandings again.
CHANGED = """'{"key":"%s","route":{"version":%s,"birth":0,"workspace":0,"gone":true},"nonce":"%s"}'"""
# Replaces a domain that is still as it was read; 1 if it is not, 2 if the name is verified for another workspace, 3 if
# this workspace has claimed it already.
_PUT = Script(
    """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 1 end
local owner = redis.call('HGET', KEYS[2], ARGV[4])
if ARGV[2] == '' and redis.call('HSETNX', KEYS[4], ARGV[9], ARGV[1]) == 0 then return 3 end
if ARGV[5] == '1' then
  if owner and owner ~= ARGV[1] then return 2 end
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[1])
elseif owner == ARGV[1] then
  redis.call('HDEL', KEYS[2], ARGV[4])
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[4], ARGV[9])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
if ARGV[6] == '' then return 0 end
local version = math.max(tonumber(redis.call('GET', KEYS[3]) or '0') + 1, tonumber(ARGV[7]))
local text = string.format('%.0f', version)
redis.call('SET', KEYS[3], text)
redis.call('INCR', ARGV[10])
redis.call('PUBLISH', ARGV[8], string.format(CHANGED, KEYS[1], text, ARGV[6]))
return 0
""".replace("CHANGED", CHANGED)
)
_KEYS = [keys.DOMAINS, keys.DOMAIN_NAMES, keys.DOMAINS_VERSION, keys.DOMAIN_CLAIMS]


class DomainEdit(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of a domain; UNSET fields stay as they are, "" clears."""

    root_url: str | msgspec.UnsetType = msgspec.UNSET
    root_text: str | msgspec.UnsetType = msgspec.UNSET
    not_found_url: str | msgspec.UnsetType = msgspec.UNSET
    not_found_text: str | msgspec.UnsetType = msgspec.UNSET
    # Checked by the caller (`codes.brandings.check`); None: the workspace's alone.
    branding: Branding | msgspec.UnsetType | None = msgspec.UNSET

    def changes(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in found.items() if value is not msgspec.UNSET}


class Domains:
    """`target` is the host that custom domains must point at; `own_hosts` belong to this service and to no workspace.
    All methods raise Unavailable when Redis is away."""

    def __init__(
        self,
        redis: Redis,
        *,
        target: str,
        own_hosts: Collection[str] = (),
        plans: Plans,
        dns: DomainVerifier | None = None,
        resolver: Resolver | None = None,
        now_ms: Callable[[], int] = clock.now_ms,
        longest_wait_s: float = acknowledgements.LONGEST_WAIT_S,
        grace_ms: int = GRACE_MS,
    ) -> None:
        self.redis = redis
        self.grace_ms = grace_ms
        self._plans = plans
        self.now_ms = now_ms
        self.target = target.lower().rstrip(".")
        self._own_hosts = {_bare(host) for host in (*own_hosts, target)}
        self._short_hosts = own_hosts
        self._dns = dns or DomainVerifier()
        self._resolver = resolver or Resolver()
        self._longest_wait_s = longest_wait_s

    @raises_unavailable
    async def is_usable(self, workspace: int, name: str) -> bool:
        """Return whether codes of this workspace may be on that host (`Domain.name`). Asks Redis, since each write that
        names a host needs to know."""
        id = await command(self.redis, "HGET", keys.DOMAIN_NAMES, name)
        domain = await self._find(id.decode()) if id else None
        return domain is not None and domain.workspace == workspace and domain.name == name

    @raises_unavailable
    async def is_short(self, name: str) -> bool:
        """Return whether short links of any workspace are on that host."""
        return bool(await command(self.redis, "HEXISTS", keys.DOMAIN_NAMES, name))

    @raises_unavailable
    async def add(self, workspace: int, name: str, *, id: str | None = None) -> Domain:
        """Claim a domain. Raises Refused for what is no public name, NotInPlan, and Conflict when the workspace has
        claimed it already or it is verified for another. With an id of the caller's the call can be repeated."""
        plan = await plan_of(self.redis, self._plans, workspace)
        plan_limits.check_custom_domains(plan)
        name = normal(name)
        if name in self._own_hosts:
            raise Refused("domain", "own_domain", "the domain must not be a host of this service")
        mine = await self.list(workspace)
        if made := next((domain for domain in mine if domain.id == id and domain.name == name), None):
            return made
        if any(domain.name == name for domain in mine):
            raise _claimed(name)
        if len(mine) >= plan.domains:
            # Claims count: each costs every redirector a little memory.
            raise NotInPlan("limit", "domains", plan.says("domains", limit=plan.domains))
        if await command(self.redis, "HEXISTS", keys.DOMAIN_NAMES, name):
            raise Conflict("domain", "domain_taken", f"the domain {name!r} is verified for another workspace")
        domain = Domain(
            id=id or str(uuid.uuid4()),
            number=await numbers.allocate(self.redis, keys.DOMAIN_NUMBERS, self.now_ms()),
            workspace=workspace,
            name=name,
            token=_TOKEN + secrets.token_hex(16),
            created_at_ms=self.now_ms(),
        )
        await self._put(b"", domain, domain)
        return domain

    @raises_unavailable
    async def get(self, workspace: int, id: str) -> Domain | None:
        domain = await self._find(id)
        return domain if domain and domain.workspace == workspace else None

    @raises_unavailable
    async def by_number(self, workspace: int, number: int) -> Domain | None:
        """Find a domain by its number (QR Code Agency's id)."""
        return next((domain for domain in await self.list(workspace) if domain.number == number), None)

    @raises_unavailable
    async def list(self, workspace: int) -> "list[Domain]":
        """Newest first."""
        found = map(decode_domain, await command(self.redis, "HVALS", keys.DOMAINS))
        return sorted((d for d in found if d.workspace == workspace), key=lambda d: -d.number)

    @raises_unavailable
    async def verify(self, workspace: int, id: str) -> tuple[Domain, DomainChecks]:
        """Query the DNS, for at most as long as `DomainVerifier` does. A verified domain stays verified as long as its
        proof is found again (`codes.domain_rechecks`); the checks are returned either way. Raises Missing, and Conflict
        when another workspace has verified the name: if that proof is gone, its grace begins now at the latest."""
        domain = await self._present(workspace, id)
        checks = await self._dns.checks(domain.name, domain.token, self.target)
        if not checks.ok:
            return domain, checks
        if domain.verified_at_ms is None:
            proven = {"verified_at_ms": self.now_ms(), "unproven_since_ms": None, "lapsed_at_ms": None}
            try:
                return await self._change(workspace, id, proven), checks
            except Conflict:
                holder = await command(self.redis, "HGET", keys.DOMAIN_NAMES, domain.name)
                if holder and (other := await self._find(holder.decode())) is not None:
                    await self.recheck(other)
                raise
        if domain.unproven_since_ms is not None:
            domain = await self._change(workspace, id, {"unproven_since_ms": None})
        return domain, checks

    @raises_unavailable
    async def recheck(self, domain: Domain) -> tuple[Domain, Domain, DomainChecks]:
        """Query the DNS for the proof of a verified domain; return it before and after. Raises Missing."""
        checks = await self._dns.checks(domain.name, domain.token, self.target)
        before = await self._present(domain.workspace, domain.id)
        changes: dict[str, Any] = {}
        since_ms, now_ms = before.unproven_since_ms, self.now_ms()
        if before.verified_at_ms is None or not checks.txt.answered:
            pass
        elif checks.txt.ok:
            changes = {"unproven_since_ms": None}
        elif since_ms is None:
            changes = {"unproven_since_ms": now_ms}
        elif now_ms - since_ms >= self.grace_ms:
            changes = {"verified_at_ms": None, "unproven_since_ms": None, "lapsed_at_ms": now_ms}
        if all(getattr(before, name) == value for name, value in changes.items()):
            return before, before, checks
        return before, await self._change(domain.workspace, domain.id, changes), checks

    def served_until_ms(self, domain: Domain) -> int | None:
        """Return when a domain without proof lapses, unless the proof comes back."""
        if domain.verified_at_ms is None or domain.unproven_since_ms is None:
            return None
        return domain.unproven_since_ms + self.grace_ms

    @raises_unavailable
    async def edit(self, workspace: int, id: str, edit: DomainEdit) -> Domain:
        """Raises Missing, and Refused for texts and addresses that cannot be used."""
        changes = edit.changes()
        domain = await self._present(workspace, id)
        for name, value in changes.items():
            if name == "branding":
                changes[name] = value if value != PLAIN else None
            elif name.endswith("_url") and value:
                changes[name] = await self._checked_url(name, value, domain)
            elif len(value) > MAX_TEXT or _UNSEEN & set(value) or not _is_text(value):
                raise Refused(name, "invalid_text", f"{name} has at most {MAX_TEXT} characters, none of control")
        return await self._change(workspace, id, changes)

    @raises_unavailable
    async def delete(self, workspace: int, id: str) -> bool:
        """Delete a domain; return whether it existed. Raises Conflict while codes are on it: printed codes would stop
        working."""
        domain = await self.get(workspace, id)
        if domain is None:
            return False
        if codes := await self._codes_on(domain):
            noun = "code is" if codes == 1 else "codes are"
            raise Conflict("domain", "domain_in_use", f"{codes} {noun} on {domain.name}: move or delete them first")
        await self._change(workspace, id, None)
        return True

    async def _codes_on(self, domain: Domain) -> int:
        """Count by reading all codes of the workspace: this is rare, and there is no index by host."""
        found, before = 0, None
        while rows := await index.page_before(self.redis, domain.workspace, _READ_AT_ONCE, before):
            codes = await index.read(self.redis, [id for id, _ in rows])
            found += sum(code is not None and code.host == domain.name for code in codes)
            before = rows[-1][1]
        return found

    async def _checked_url(self, field: str, url: str, domain: Domain) -> str:
        own = [*self._short_hosts, domain.name]
        try:
            found = destinations.location_header(await destinations.check(url, own_hosts=own, resolver=self._resolver))
        except Refused as refused:
            raise Refused(field, refused.code, refused.message.replace("the destination", field)) from None
        if await self.is_short(destinations.parse(url)[0]):
            raise Refused(field, "destination_loop", f"{field} must not be on a short domain of this service")
        return found

    async def _find(self, id: str) -> Domain | None:
        raw = await command(self.redis, "HGET", keys.DOMAINS, id) if index.is_id(id) else None
        return decode_domain(raw) if raw else None

    async def _present(self, workspace: int, id: str) -> Domain:
        domain = await self.get(workspace, id)
        if domain is None:
            raise Missing(id)
        return domain

    async def _change(self, workspace: int, id: str, changes: dict[str, Any] | None) -> Domain:
        """Write until no concurrent change was faster; None deletes. Waits for redirectors if they know the domain."""
        for _ in range(_TRIES):
            raw = await command(self.redis, "HGET", keys.DOMAINS, id)
            old = decode_domain(raw) if raw else None
            if old is None or old.workspace != workspace:
                raise Missing(id)
            new = msgspec.structs.replace(old, **changes) if changes is not None else None
            if await self._put(raw, old, new):
                return new or old
        raise Unavailable("the domain is changed by too many at once")

    async def _put(self, raw: bytes, old: Domain, new: Domain | None) -> bool:
        verified = new is not None and new.verified_at_ms is not None
        nonce = secrets.token_hex(16) if verified or old.verified_at_ms is not None else ""
        before = await acknowledgements.redirectors(self.redis) if nonce else set()
        outcome = await _PUT.run(
            self.redis,
            _KEYS,
            *(old.id, raw, msgspec.json.encode(new) if new else b"", old.name),
            *(
                "1" if verified else "0",
                nonce,
                self.now_ms(),
                keys.ROUTES,
                f"{old.workspace} {old.name}",
                keys.CHANGES,
            ),
        )
        if outcome == 3:
            raise _claimed(old.name)
        if outcome == 2:
            raise Conflict("domain", "domain_taken", f"the domain {old.name!r} is verified for another workspace")
        if outcome == 0 and nonce:
            await acknowledgements.wait_for_acknowledgements(
                self.redis, [nonce], before, longest_s=self._longest_wait_s
            )
        return bool(outcome == 0)


def normal(name: str) -> str:
    """Return a domain as the network knows it. Raises Refused for what is no public name."""
    name = name.strip().rstrip(".")
    if not name or any(mark in name for mark in "/?#:@[]\\%*_") or len(name) > 253:
        raise Refused("domain", "invalid_domain", "a domain is a name like go.example.com, without a scheme or path")
    try:
        host, _ = destinations.parse(f"https://{name}")
    except Refused:
        raise Refused("domain", "invalid_domain", "this is no valid domain name") from None
    if "." not in host or looks_like_ipv4(host):
        raise Refused("domain", "invalid_domain", "a domain must be a public name, with a dot in it")
    return host


def _claimed(name: str) -> Conflict:
    return Conflict("domain", "domain_taken", f"the domain {name!r} is in this workspace already")


def _bare(host: str) -> str:
    """Without a port."""
    return host.lower().partition(":")[0].rstrip(".")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
