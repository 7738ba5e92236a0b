"""Our own pages as a visitor sees them: in their language, and with the branding of who shows them.

A page about a code has the branding of the code's workspace. One that must say nothing of a code (not found, not yet
started, not available) has that of the host: of the domain, or of the workspace that the short host belongs to, the
first. A domain's branding comes before its workspace's. Nothing is waited for: all brandings are in memory
(`redirect.custom_domains`).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

import pages
from decisions.accept_language import LONGEST_HEADER, preferred
from decisions.response import Response, page_response
from redirect.custom_domains import CustomDomain, CustomDomains
from schemas.branding import PLAIN, Branding
from schemas.short_links import PAUSED_PATH

# What belongs to no workspace has this in its place, as a route has it; and the first workspace.
NO_WORKSPACE = bytes(8)
FIRST = 1
# Pages that are of the host, whatever code was asked for; and outcomes that must look like them.
_OF_THE_HOST: frozenset[pages.Kind] = frozenset(("root", "not_found", "unavailable", "not_allowed"))
_HIDDEN = ("unknown", "early")


class BrandedPages:
    """One per redirector."""

    def __init__(self, hosts: CustomDomains, short_url: str) -> None:
        self._hosts = hosts
        self._paused_page = f"{short_url.rstrip('/')}{PAUSED_PATH}"

    def with_branding(
        self, response: Response, host: CustomDomain | None, workspace: bytes, scope: Mapping[str, Any]
    ) -> Response:
        """The response with its page as this visitor sees it; `workspace` is that of the code. Call it for any response
        with a `notice`; others come back as they are."""
        kind = response.notice
        if kind is None:
            return response
        language = _language(scope)
        if host is not None and (instead := {"root": host.root, "not_found": host.not_found}.get(kind)) is not None:
            if isinstance(instead, Response):
                return instead
            page = pages.message(host.branding.name or host.name, instead, language, host.branding)
            return page_response(page, response.outcome, 200 if kind == "root" else 404)
        hidden = kind in _OF_THE_HOST or response.outcome in _HIDDEN
        branding = self._of_host(host) if hidden or host is not None else self._of_workspace(workspace)
        if language == "en" and branding is PLAIN:
            return response
        page = pages.notice(kind, language, branding)
        names = {name for name, _ in page.headers}
        more = (header for header in response.headers if header[0] not in names)
        return msgspec.structs.replace(response, headers=(*page.headers, *more), body=page.body)

    def page(self, kind: pages.Kind, scope: Mapping[str, Any]) -> pages.Page:
        """A page of the host."""
        return pages.notice(kind, _language(scope), self._of_host(self._hosts.last_known(scope)))

    def paused(self, scope: Mapping[str, Any], token: str) -> pages.Page:
        """The page that paused codes lead to: of a domain, of the workspace with this token, or of the short host."""
        host = self._hosts.last_known(scope)
        own = self._hosts.by_token.get(token, PLAIN) if token and host is None else self._of_host(host)
        return pages.notice("paused", _language(scope), own)

    def paused_page(self, workspace: int) -> bytes:
        """Its address for the codes of a workspace at the short host. The token says nothing of the workspace."""
        token = self._hosts.brandings.get(workspace, PLAIN).token
        return f"{self._paused_page}/{token}".encode() if token and workspace != FIRST else self._paused_page.encode()

    def _of_host(self, host: CustomDomain | None) -> Branding:
        return self._hosts.brandings.get(FIRST, PLAIN) if host is None else host.branding

    def _of_workspace(self, workspace: bytes) -> Branding:
        return self._hosts.brandings.get(int.from_bytes(workspace, "big"), PLAIN)


def _language(scope: Mapping[str, Any]) -> pages.Language:
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return _preferred(value[:LONGEST_HEADER])
    return "en"


@lru_cache(1_024)
def _preferred(header: bytes) -> pages.Language:
    return preferred(header, pages.LANGUAGES) or "en"
