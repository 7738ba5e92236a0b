"""Codes of a question: what they are called, and sets of them that filters name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

import msgspec

from analytics.query.filter_grammar import Condition


class CodeAttributes(Protocol):
    """What is known of a workspace's codes. Whoever asks implements it; a question calls it from the thread that it
    runs in."""

    def groups(self, dimension: str) -> Mapping[str, Collection[int]]:
        """For a dimension of the family `code`: the numbers of the codes that have each value. All values of a code
        count; codes without one may be left out, or stand under ''."""
        ...

    def id_of(self, number: int) -> str | None:
        """Also of a deleted code whose scans are kept; None if it is not known any more."""
        ...


class CodeSet(msgspec.Struct, frozen=True):
    """These codes; or, if `excluded`, all others of the workspace."""

    numbers: frozenset[int]
    excluded: bool = False

    def __invert__(self) -> "CodeSet":
        return CodeSet(self.numbers, not self.excluded)

    def __and__(self, other: "CodeSet") -> "CodeSet":
        if self.excluded and other.excluded:
            return CodeSet(self.numbers | other.numbers, True)
        if self.excluded:
            return CodeSet(other.numbers - self.numbers)
        if other.excluded:
            return CodeSet(self.numbers - other.numbers)
        return CodeSet(self.numbers & other.numbers)

    def __or__(self, other: "CodeSet") -> "CodeSet":
        return ~(~self & ~other)

    @property
    def everything(self) -> bool:
        return self.excluded and not self.numbers


ALL_CODES = CodeSet(frozenset(), True)

# Which of the texts one of the RE2 patterns is found in. (Python has no RE2; the warehouse does.)
Matcher = Callable[[Sequence[str], Sequence[str]], Collection[str]]


def selected(condition: Condition, attributes: CodeAttributes, matcher: Matcher) -> CodeSet:
    """The codes that meet a condition on a dimension of the family `code`. A code without a value has ''."""
    groups = attributes.groups(condition.dimension)
    values = condition.values
    if condition.operator in ("is", "is_not"):
        wanted = set(values)
    elif condition.operator == "matches":
        wanted = set(matcher(sorted({*groups, ""}), values))
    else:
        wanted = {text for text in {*groups, ""} if any(part in text for part in values)}
    found = CodeSet(_union(groups, wanted & groups.keys()))
    if "" in wanted:
        # Also codes that nothing is known of.
        found = CodeSet(_union(groups, groups.keys() - wanted) - found.numbers, True)
    return ~found if condition.operator in ("is_not", "contains_not") else found


def _union(groups: Mapping[str, Collection[int]], values: Collection[str]) -> frozenset[int]:
    return frozenset().union(*(groups[value] for value in values))


def nameless(number: int) -> str:
    """For a code that is not known any more (deleted a moment ago): the same each time, and not its number."""
    return f"deleted-{blake2b(number.to_bytes(8), digest_size=6).hexdigest()}"
