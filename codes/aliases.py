"""Aliases: further slugs of one code, in its domain.

A code leads on from its slug and from all of its aliases, and they are claimed, moved and given up together with it, in
one step (`codes.code_store`). A scan says which one was used.
"""

from typing import Any

from codes import slugs
from codes.errors import Refused
from schemas.code import Code

MAX_ALIASES = 20


def apply_changes(code: Code, changes: dict[str, Any], *, imported: bool = False) -> dict[str, Any]:
    """`changes` without `keep_old`, and with the aliases that `code` has after them.

    These are the ones that are written, each once, else those that it had. One that becomes the slug is no alias any
    more; the old slug becomes one with `keep_old`. New ones have the form of aliases, or of slugs that are `imported`.
    Raises Refused, and Conflict for one that is reserved."""
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
