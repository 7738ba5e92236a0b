"""Search codes by text: a code matches when it contains each of the words."""

from codes.errors import Refused
from codes.validation import storable
from schemas.code import Code

MAX_QUERY = 200


def words(query: str) -> tuple[str, ...]:
    """Split a query into words; case does not matter. Raises Refused."""
    if len(query) > MAX_QUERY:
        raise Refused("q", "too_long", f"q has at most {MAX_QUERY} characters")
    return tuple(storable("q", query).casefold().split())


def matches(code: Code, words: tuple[str, ...]) -> bool:
    if not words:
        return True
    # No word holds a line end, so none matches across two fields.
    text = "\n".join((code.label or "", code.slug, *code.aliases, code.destination, *code.tags)).casefold()
    return all(word in text for word in words)
