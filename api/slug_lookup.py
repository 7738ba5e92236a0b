"""Find a code by its slug, for dialects whose ids are slugs."""

from api.context import ApiContext
from schemas.code import Code


async def find_by_slug(context: ApiContext, workspace: int, slug: str, *, unverified: bool = False) -> Code | None:
    """The workspace's code with this slug: on the default short host, else on the workspace's own domains (the verified
    ones, or all). Aliases do not count."""
    code = await context.codes.by_slug("", slug)
    if code is not None and code.workspace == workspace:
        return code
    for domain in await context.domains.list(workspace):
        if unverified or domain.verified_at_ms is not None:
            code = await context.codes.by_slug(domain.name, slug)
            if code is not None and code.workspace == workspace:
                return code
    return None
