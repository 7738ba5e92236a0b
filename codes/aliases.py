"""Aliases: further slugs of one code, in its domain.

A code redirects from its slug and from all its aliases. They are claimed, moved and given up together, in one step
(`codes.code_store`). A scan records which one was used.
"""

from typing import Any

from codes import slugs
from codes.errors import Refused
from schemas.code import Code

MAX_ALIASES = 20


def apply_changes(code: Code, changes: dict[str, Any], *, imported: bool = False) -> dict[str, Any]:
    """Return `changes` without `keep_old`, and with the aliases that `code` has afterwards.

    Those are the aliases of the edit, each once, or else the ones it had. An alias that becomes the slug is no alias
    any more; with `keep_old` the old slug becomes one. New aliases must have the form of aliases, or of imported slugs.
    Raises Refused, and Conflict for a reserved one."""
    slug = changes.get("slug", code.slug)
    written = changes.get("aliases")
    if written is None:
        aliases = [one for one in code.aliases if one != slug]
    else:
        aliases = list(dict.fromkeys(written))
        if slug in aliases:
            raise Refused(f"aliases[{written.index(slug)}]", "own_slug", "a code's slug is not among its aliases")
    if changes.get("keep_old") and code.slug not in (slug, *aliases):
        aliases.append(code.slug)
    if len(aliases) > MAX_ALIASES:
        raise Refused("aliases", "too_many_aliases", f"a code has at most {MAX_ALIASES} aliases")
    own = {code.slug, *code.aliases}
    for at, one in enumerate(aliases):
        if one not in own:
            (slugs.check_imported if imported else slugs.check_alias)(one, f"aliases[{at}]")
    left = {name: value for name, value in changes.items() if name != "keep_old"}
    return {**left, "aliases": tuple(aliases)}
