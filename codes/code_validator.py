"""Validate the fields of a code before it is stored: check them, look up hosts, hash passwords."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from redis.asyncio import Redis

from codes import code_fields, destinations, folders, passwords, scan_options, validation, workspaces
from codes.code_fields import NewCode
from codes.errors import Refused
from codes.resolver import Resolver

# Concurrent lookups of one write: fewer than the resolver takes, so that none is dropped.
LOOKUPS = 8

# Whether the workspace may put codes on a host, and whether any workspace's short links are on it.
IsUsable = Callable[[int, str], Awaitable[bool]]
IsShort = Callable[[str], Awaitable[bool]]


async def no_custom_domains(workspace: int, host: str) -> bool:
    """Without custom domains every code is on the default host."""
    return False


async def no_short_domains(host: str) -> bool:
    """Without custom domains no other host has short links."""
    return False


class CodeValidator:
    """Belongs to one event loop."""

    def __init__(
        self, redis: Redis, *, own_hosts: Collection[str], usable: IsUsable, is_short: IsShort, resolver: Resolver
    ) -> None:
        self._redis = redis
        self._own_hosts = own_hosts
        self._usable = usable
        self._is_short = is_short
        self._resolver = resolver

    async def validate(self, workspace: int, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields as they are stored. Raises Refused."""
        checked = dict(given)
        for name, check in _CHECKS.items():
            if name in given:
                checked[name] = check(given[name])
        scan_options.check_fields(given)
        await self._check_app_links(workspace, given)
        folder = given.get("folder_id")
        if folder is not None and not await folders.exists(
            self._redis, workspace, validation.storable("folder_id", folder)
        ):
            raise Refused("folder_id", "unknown_folder", "there is no such folder")
        if given.get("host") and not await self._usable(workspace, given["host"]):
            raise Refused("domain", "unknown_domain", "there is no such verified domain in this workspace")
        await self._check_urls(given)
        if given.get("password") is not None:
            checked["password"] = await passwords.hash_password(given["password"])
        return checked

    async def _check_urls(self, given: dict[str, Any]) -> None:
        """Report the first URL that is wrong, in the order of the fields."""
        turns = asyncio.Semaphore(LOOKUPS)
        outcomes = await asyncio.gather(
            *(self._check_url(turns, *one) for one in scan_options.web_urls(given)), return_exceptions=True
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _check_url(self, turns: asyncio.Semaphore, field: str, url: str) -> None:
        async with turns:
            try:
                await destinations.check(url, own_hosts=self._own_hosts, resolver=self._resolver)
            except Refused as refused:
                raise Refused(field, refused.code, refused.message) from None
        host, _ = destinations.parse(url)
        # Of any workspace: where it leads may change at any time, and lead back here.
        if await self._is_short(host):
            raise Refused(field, "destination_loop", "the destination must not be on a short domain of this service")

    async def _check_app_links(self, workspace: int, given: dict[str, Any]) -> None:
        """A workspace has to allow schemes other than https."""
        for field, scheme in scan_options.app_schemes(given.get("apps")):
            owner = await workspaces.get(self._redis, workspace)
            if owner is None or scheme not in owner.app_schemes:
                raise Refused(field, "scheme_not_allowed", f"this workspace does not allow links of {scheme}:")


def check_form(new: NewCode) -> None:
    """Check a new code without Redis or DNS. Raises Refused."""
    given = {name: getattr(new, name) for name in code_fields.LASTING}
    for name, check in _CHECKS.items():
        check(given[name])
    scan_options.check_fields(given)
    for field, url in scan_options.web_urls(given):
        try:
            destinations.parse(url)
        except Refused as refused:
            raise Refused(field, refused.code, refused.message) from None


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "label": validation.check_label,
    "tags": validation.check_tags,
    "status": validation.check_status,
    "style": validation.check_style,
    "page_design": validation.check_page_design,
    "design": validation.check_design,
    "image_format": validation.check_image_format,
}
