"""Verify by DNS that a domain is its workspace's, bounded in time."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import msgspec

TXT_LABEL = "_waymark"
# Bounds of each query, and of one verification.
QUESTION_S = 2.0
PATIENCE_S = 5.0
# How many records of those found are shown.
SHOWN = 10
_LONGEST_CHAIN = 8


class RecordCheck(msgspec.Struct, frozen=True):
    """One record: what it must say, and what was found."""

    ok: bool
    expected: str
    found: tuple[str, ...] = ()
    # Why nothing was found.
    problem: str | None = None
    # False when the name servers did not answer: that does not mean that the record is gone.
    answered: bool = True


class DomainChecks(msgspec.Struct, frozen=True):
    txt: RecordCheck
    cname: RecordCheck

    @property
    def ok(self) -> bool:
        return self.txt.ok and self.cname.ok


def name_servers(text: str | None) -> list[str]:
    """Parse a setting with commas. Raises ValueError for an invalid address."""
    found = [part.strip() for part in (text or "").split(",") if part.strip()]
    for one in found:
        _server(one)
    return found


class DomainVerifier:
    """`servers` are `address` or `address:port` (IPv6 in brackets); none: those that the system uses. Raises ValueError
    for what is neither."""

    def __init__(self, servers: Sequence[str] = (), *, patience_s: float = PATIENCE_S) -> None:
        self._servers = [_server(text) for text in servers]
        self._patience_s = patience_s
        self._made: dns.asyncresolver.Resolver | None = None

    async def checks(self, name: str, token: str, target: str) -> DomainChecks:
        """Query both records at once. Never raises for what the DNS answers, or fails to."""
        txt, cname = await asyncio.gather(
            self._bounded(self._txt(f"{TXT_LABEL}.{name}", token), token),
            self._bounded(self._cname(name, target), target),
        )
        return DomainChecks(txt, cname)

    async def _bounded(self, asked: Awaitable[RecordCheck], expected: str) -> RecordCheck:
        try:
            async with asyncio.timeout(self._patience_s):
                return await asked
        except (TimeoutError, dns.exception.Timeout):
            return RecordCheck(False, expected, problem="the name servers did not answer in time", answered=False)
        except dns.resolver.NXDOMAIN:
            return RecordCheck(False, expected, problem="there is no such name")
        except dns.exception.DNSException:
            return RecordCheck(False, expected, problem="the name servers could not answer", answered=False)
        except OSError:
            return RecordCheck(False, expected, problem="no name server could be reached", answered=False)

    async def _txt(self, name: str, token: str) -> RecordCheck:
        answer = await self._ask(name, "TXT")
        found = tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)
        problem = None if found else "there is no such record"
        return RecordCheck(token in found, token, found[:SHOWN], problem)

    async def _cname(self, name: str, target: str) -> RecordCheck:
        """Check for a CNAME to the target, also through others; or, for a name that can have none, the target's
        addresses."""
        chain: list[str] = []
        at = name
        while len(chain) < _LONGEST_CHAIN:
            try:
                answer = await self._ask(at, "CNAME")
            except dns.resolver.NXDOMAIN:
                if not chain:
                    raise
                break
            if not answer:
                break
            at = answer[0].target.to_text(omit_final_dot=True).lower()
            if at in chain:
                break
            chain.append(at)
            if at == target:
                return RecordCheck(True, target, tuple(chain))
        ours, theirs = await asyncio.gather(self._addresses(name), self._addresses(target))
        if ours and ours <= theirs:
            return RecordCheck(True, target, tuple(chain) or tuple(sorted(ours))[:SHOWN])
        found = tuple(chain) or tuple(sorted(ours))[:SHOWN]
        return RecordCheck(False, target, found, None if found else "there is no such record")

    async def _addresses(self, name: str) -> set[str]:
        found: set[str] = set()
        for kind in ("A", "AAAA"):
            with suppress(dns.exception.DNSException):
                found |= {record.address for record in await self._ask(name, kind)}
        return found

    async def _ask(self, name: str, kind: str) -> list[Any]:
        """Return the records of that kind at that very name; none when it has only others."""
        answer = await self._resolver().resolve(
            dns.name.from_text(name), kind, raise_on_no_answer=False, lifetime=self._patience_s
        )
        return list(answer.rrset or ())

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if self._made is None:
            made = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                made.nameservers = self._servers
            made.timeout = QUESTION_S
            # What was wrong a moment ago may just have been fixed.
            made.cache = None
            self._made = made
        return self._made


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    parts = urlsplit(f"//{text.strip()}")
    host = parts.hostname or ""
    ip_address(host)
    return dns.nameserver.Do53Nameserver(host, parts.port or 53)
