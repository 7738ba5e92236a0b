"""Which codes a search by text finds: those in which each of its words occurs, somewhere."""

from codes.errors import Refused
from codes.validation import storable
from schemas.code import Code

MAX_QUERY = 200


def words(query: str) -> tuple[str, ...]:
    """Case does not matter. Raises Refused."""
    if len(query) > MAX_QUERY:
        raise Refused("q", "too_long", f"q has at most {MAX_QUERY} characters")
    return tuple(storable("q", query).casefold().split())


def matches(code: Code, words: tuple[str, ...]) -> bool:
    if not words:
        return True
    # Nothing that is typed has a line's end in it, so no word is found across two of them.
    text = "\n".join((code.label or "", code.slug, *code.aliases, code.destination, *code.tags)).casefold()
    return all(word in text for word in words)
