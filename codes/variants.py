"""Variants and rules: validate what is written, and match it with the entries that a code has.

Each entry keeps its id and its letter for ever: scans are stored under the letter. Variants and rules share one
sequence of letters. A written entry with the id, the letter or else the URL of an entry that is or was there is that
entry; any other gets a new id and the next letter that was never used.

If no entry of a set matches, the set begins anew: it takes the next letters, too, but they read as a, b, c, …, and
earlier entries no longer come back (`Code.letters_before`).
"""

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import msgspec

from codes.errors import Refused
from codes.validation import check_label, storable
from schemas.code import Code, DeletedCode
from schemas.scan_options import Conditions, Former, Rule, Variant

MAX_VARIANTS = 10
MAX_RULES = 50
MAX_WEIGHT = 1_000_000
# Of each list: redirectors read them with the route.
MAX_BYTES = 64 * 1024
# How many removed entries are remembered.
MAX_FORMER = 30

# Letters that a caller may choose; longer ones are only assigned.
_chosen = re.compile(r"[a-z]{1,2}")
_key = re.compile(r"[a-z]{1,8}")


class NewVariant(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    weight: int = 100
    label: str | None = None
    active: bool = True
    id: str | None = None
    key: str | None = None


class NewRule(msgspec.Struct, frozen=True, kw_only=True):
    """`when` comes from `codes.conditions.parse`."""

    when: Conditions
    to: str
    label: str | None = None
    active: bool = True
    id: str | None = None
    key: str | None = None

    @property
    def url(self) -> str:
        return self.to


class _Sent(Protocol):
    """What variants and rules have in common."""

    @property
    def id(self) -> str | None: ...
    @property
    def key(self) -> str | None: ...
    @property
    def label(self) -> str | None: ...
    @property
    def url(self) -> str: ...


def check(name: Literal["variants", "rules"], entries: Sequence[NewVariant | NewRule]) -> None:
    """Check all but the URLs. Raises Refused, which names the entry: `variants[2].weight`."""
    most = MAX_VARIANTS if name == "variants" else MAX_RULES
    if len(entries) > most:
        raise Refused(name, f"too_many_{name}", f"a code has at most {most} {name}")
    for at, entry in enumerate(entries):
        check_label(entry.label, f"{name}[{at}].label")
        if entry.key is not None and not _key.fullmatch(entry.key):
            raise Refused(f"{name}[{at}].key", "invalid_key", "a key is a letter, given in order: a, b, c, …")
        for field in ("id", "key"):
            value = getattr(entry, field)
            if value is not None and any(value == getattr(other, field) for other in entries[:at]):
                raise Refused(f"{name}[{at}].{field}", f"{field}_twice", f"this {field} stands twice")
    for at, entry in enumerate(entries):
        storable(f"{name}[{at}].{'url' if name == 'variants' else 'to'}", entry.url)
    if len(msgspec.json.encode(entries)) > MAX_BYTES:
        raise Refused(name, f"{name}_too_large", f"the {name} of a code have at most {MAX_BYTES // 1024} KB")
    weights = [entry.weight for entry in entries if isinstance(entry, NewVariant) and entry.active]
    for at, entry in enumerate(entries):
        if isinstance(entry, NewVariant) and not 0 <= entry.weight <= MAX_WEIGHT:
            bounds = f"a weight is a whole number from 0 to {MAX_WEIGHT:,}"
            raise Refused(f"{name}[{at}].weight", "invalid_weight", bounds)
    if weights and not sum(weights):
        raise Refused(name, "no_weight", "the weights of the active variants must add up to more than 0")


class _Known(msgspec.Struct, frozen=True):
    """An entry that is or was there; the destination of a code without variants counts as one."""

    name: Literal["variants", "rules", "former", "destination"]
    id: str
    key: str
    url: str
    label: str | None = None
    when: Conditions | None = None
    rule: bool = False


def _known(code: Code, replaced: Sequence[str]) -> list[_Known]:
    found: list[_Known] = []
    if "variants" in replaced:
        found += [_Known("variants", one.id, one.key, one.url, one.label) for one in code.variants]
    if "rules" in replaced:
        found += [_Known("rules", one.id, one.key, one.to, one.label, one.when, rule=True) for one in code.rules]
    found += [
        _Known("former", one.id, one.key, one.url, one.label, rule=one.rule)
        for one in code.former
        if not _is_of_earlier_set(code, one)
    ]
    if "variants" in replaced and not code.variants:
        if code.sole is not None:
            found.append(_Known("variants", code.sole.id, code.sole.key, code.destination, code.sole.label))
        elif (id := destination_id(code)) not in {one.id for one in found}:
            # It has no letter of its own while somebody else may have had the a.
            key = "" if code.letters > code.letters_before else _letters(code.letters_before)
            found.append(_Known("destination", id, key, code.destination))
    return found


def _is_of_earlier_set(code: Code, one: Former) -> bool:
    return _index(one.key) < code.letters_before


def destination_id(code: Code) -> str:
    """Return the id of the destination of a code without variants, where it is shown as an entry. A rule that was made
    of that entry since has its id, and an entry of an earlier set keeps it."""
    taken = {rule.id for rule in code.rules} | {one.id for one in code.former if _is_of_earlier_set(code, one)}
    ids = (str(uuid.uuid5(uuid.UUID(code.id), f"destination{at or ''}")) for at in range(len(taken) + 1))
    return next(id for id in ids if id not in taken)


def single_variant(code: Code) -> Variant:
    """Return the destination of a code without variants as the one entry of a list."""
    if code.sole is not None:
        return msgspec.structs.replace(code.sole, url=code.destination)
    first = _letters(code.letters_before)
    is_taken = any(rule.key == first for rule in code.rules)
    return Variant(id=destination_id(code), key=_letters(code.letters) if is_taken else first, url=code.destination)


def key_in_set(code: Code | DeletedCode, key: str) -> str:
    """Return what the letter of an entry reads as in its set."""
    return _letters(_index(key) - code.letters_before)


def former_of(code: Code, id: str, key: str, url: str, label: str | None, *, rule: bool = False) -> Former:
    """Return what is remembered of an entry that was just removed."""
    shown = key_in_set(code, key)
    return Former(id=id, key=key, url=url, label=label, rule=rule, shown="" if shown == key else shown)


def merge_entries(code: Code, written: dict[str, Any], new_id: Callable[[], str]) -> dict[str, Any]:
    """Return the fields of a code that follow from writing `variants`, `rules` or both (checked NewVariants and
    NewRules). If the variants are emptied, `sole` may be the one entry that is left as the destination. Raises Refused
    when a variant and a rule claim to be the same entry."""
    names = [name for name in ("variants", "rules") if name in written]
    one_left = written.get("sole")
    if "variants" in names and not written["variants"] and not code.variants and one_left is None:
        names.remove("variants")
    if not names:
        return {"sole": code.sole}
    sent: list[tuple[str, _Sent]] = [(name, entry) for name in names for entry in written[name]]
    if one_left is not None:
        sent.insert(0, ("variants", one_left))
    _check_apart(sent)
    known = _known(code, names)
    same = {at: known[number] for at, number in _same(sent, known, code.letters_before).items()}
    before = code.letters if sent and not same and _is_whole(code, names) else code.letters_before
    given = {at: _index(one.key) for at, one in same.items() if one.key}
    for at, (_, entry) in enumerate(sent):
        # A letter is never given twice, even when its first entry is forgotten.
        if at not in same and entry.key is not None and _chosen.fullmatch(entry.key):
            wanted = before + _index(entry.key)
            if wanted >= code.letters and wanted not in given.values():
                given[at] = wanted
    following = code.letters
    for at in range(len(sent)):
        if at not in given:
            while following in given.values():
                following += 1
            given[at] = following
    letters = max([code.letters, *(index + 1 for index in given.values())])
    made: dict[str, list[Variant | Rule]] = {name: [] for name in names}
    for at, (name, entry) in enumerate(sent):
        id = same[at].id if at in same else new_id()
        made[name].append(_made(entry, id, _letters(given[at])))
    alone = made["variants"].pop(0) if one_left is not None else code.sole if "variants" not in names else None
    back = {one.id for one in same.values()}
    removed = (one for one in known if one.id not in back and one.name != "destination")
    older = (one for one in code.former if _is_of_earlier_set(code, one))
    left = {one.id: one for one in code.former}
    former = (
        *(left.get(one.id) or former_of(code, one.id, one.key, one.url, one.label, rule=one.rule) for one in removed),
        *older,
    )
    lists = {name: tuple(entries) for name, entries in made.items()}
    return {**lists, "sole": alone, "former": former[:MAX_FORMER], "letters": letters, "letters_before": before}


def _is_whole(code: Code, names: Sequence[str]) -> bool:
    """Return whether every entry that has a letter now is replaced."""
    return ("variants" in names or (not code.variants and code.sole is None)) and ("rules" in names or not code.rules)


def _made(entry: object, id: str, key: str) -> Variant | Rule:
    if isinstance(entry, NewVariant):
        return Variant(id=id, key=key, url=entry.url, weight=entry.weight, label=entry.label, active=entry.active)
    assert isinstance(entry, NewRule)
    return Rule(id=id, key=key, when=entry.when, to=entry.to, label=entry.label, active=entry.active)


def _check_apart(sent: Sequence[tuple[str, _Sent]]) -> None:
    """Refuse an entry that is in both lists; `check` has looked at each."""
    for field in ("id", "key"):
        variants = {getattr(entry, field) for name, entry in sent if name == "variants"} - {None}
        for at, entry in enumerate(entry for name, entry in sent if name == "rules"):
            if getattr(entry, field) in variants:
                raise Refused(f"rules[{at}].{field}", f"{field}_twice", f"a variant has this {field}")


def _same(sent: Sequence[tuple[str, _Sent]], known: Sequence[_Known], before: int) -> dict[int, int]:
    """Map positions of written entries to those of the known entries that they are. The strongest match comes first,
    for all entries, so that none loses to a match by URL. `before`: how many letters come before the one written as
    a."""

    def by_id(name: str, new: _Sent, old: _Known) -> bool:
        return new.id is not None and new.id == old.id

    def by_key(name: str, new: _Sent, old: _Known) -> bool:
        return new.key is not None and old.key != "" and before + _index(new.key) == _index(old.key)

    def by_all(name: str, new: _Sent, old: _Known) -> bool:
        return name == old.name and new.url == old.url and getattr(new, "when", None) == old.when

    def by_url(name: str, new: _Sent, old: _Known) -> bool:
        return name == old.name and new.url == old.url

    def by_url_before(name: str, new: _Sent, old: _Known) -> bool:
        return new.url == old.url

    found: dict[int, int] = {}
    taken: set[int] = set()
    for alike in (by_id, by_key, by_all, by_url, by_url_before):
        for at, (name, new) in enumerate(sent):
            if at not in found:
                free = (number for number, old in enumerate(known) if number not in taken and alike(name, new, old))
                if (number := next(free, None)) is not None:
                    found[at] = number
                    taken.add(number)
    return found


def _letters(index: int) -> str:
    """0 is a, 25 z, 26 aa."""
    text = ""
    index += 1
    while index:
        index, last = divmod(index - 1, 26)
        text = chr(ord("a") + last) + text
    return text


def _index(letters: str) -> int:
    index = 0
    for char in letters:
        index = index * 26 + ord(char) - ord("a") + 1
    return index - 1
