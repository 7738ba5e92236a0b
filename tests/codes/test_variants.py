"""codes: which entry is which, over any sequence of replacements."""

import random
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import variants
from codes.errors import Refused
from codes.variants import NewRule, NewVariant, destination_id, key_in_set, merge_entries
from schemas.code import Code
from schemas.scan_options import Conditions, Former, Rule, Variant

U = [f"https://example.com/{n}" for n in range(9)]
BLANK = Code(
    id="0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10",
    number=1,
    birth=1,
    workspace=1,
    slug="s",
    destination="https://example.com/destination",
    created_at_ms=0,
    updated_at_ms=0,
)


def ids() -> Any:
    rng = random.Random(5)
    return lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4))


NEW = ids()


def written(code: Code, **lists: Any) -> Code:
    lists = {name: tuple(entries) for name, entries in lists.items()}
    for name, entries in lists.items():
        variants.check(name, entries)  # type: ignore[arg-type]
    return msgspec.structs.replace(code, **merge_entries(code, lists, NEW))


def keyed(code: Code) -> dict[str, str]:
    """What the letters read as."""
    return {one.url: key_in_set(code, one.key) for one in code.variants}


def v(url: str, **more: Any) -> NewVariant:
    return NewVariant(url=url, **more)


def r(to: str, country: str = "GB", **more: Any) -> NewRule:
    return NewRule(to=to, when=Conditions(country=(country,)), **more)


def test_letters_are_given_by_position() -> None:
    code = written(BLANK, variants=[v(url) for url in U[:3]])
    assert keyed(code) == {U[0]: "a", U[1]: "b", U[2]: "c"}
    assert len({one.id for one in code.variants}) == 3


def test_an_entry_keeps_its_letter_by_id_key_or_url_and_no_letter_passes_on() -> None:
    one = written(BLANK, variants=[v(U[0]), v(U[1]), v(U[2])])
    a, b, c = one.variants
    two = written(one, variants=[v(U[5], id=c.id), v(U[6], key="b"), v(U[0], weight=7), v(U[7])])
    assert [(each.id, each.key) for each in two.variants[:3]] == [(c.id, "c"), (b.id, "b"), (a.id, "a")]
    assert two.variants[3].key == "d" and two.variants[3].id not in {a.id, b.id, c.id}
    three = written(two, variants=[v(U[8]), v(U[7])])
    assert [each.key for each in three.variants] == ["e", "d"]


def test_a_set_that_is_written_anew_begins_at_a_again() -> None:
    """From `a` again when no entry of the new set has an old id or URL (dialects.md 13)."""
    one = written(BLANK, variants=[v(U[0], label="Long"), v(U[1])])
    two = written(one, variants=[v(U[2]), v(U[3])], rules=[r(U[4])])
    assert keyed(two) == {U[2]: "a", U[3]: "b"} and key_in_set(two, two.rules[0].key) == "c"
    # What they are counted under was never given before: no scan passes to another.
    assert [*(each.key for each in two.variants), two.rules[0].key] == ["c", "d", "e"]
    assert {each.id for each in two.variants}.isdisjoint(each.id for each in one.variants)
    # Written again it is the same set; its letters name its entries.
    assert written(two, variants=[v(U[2]), v(U[3])], rules=[r(U[4])]) == two
    three = written(two, variants=[v(U[5], key="b"), v(U[6])])
    assert three.variants[0].id == two.variants[1].id
    assert keyed(three) == {U[5]: "b", U[6]: "d"}
    # The old set is over: one of its addresses is a new entry.
    four = written(three, variants=[v(U[0]), v(U[7])], rules=[])
    assert keyed(four) == {U[0]: "a", U[7]: "b"} and four.variants[0].id != one.variants[0].id
    assert [(each.key, each.shown or each.key) for each in four.former] == [
        *(("d", "b"), ("f", "d"), ("e", "c"), ("c", "a")),
        *(("a", "a"), ("b", "b")),
    ]
    # Where a part of what is there stays, the letters go on.
    ruled = written(BLANK, variants=[v(U[0])], rules=[r(U[1])])
    assert keyed(written(ruled, variants=[v(U[2])])) == {U[2]: "c"}
    # Emptied in between, too.
    assert keyed(written(written(one, variants=[]), variants=[v(U[4])])) == {U[4]: "a"}


def test_one_that_comes_back_is_the_same() -> None:
    one = written(BLANK, variants=[v(U[0], label="Long"), v(U[1])])
    without = written(one, variants=[v(U[1])])
    assert [(each.key, each.url, each.label) for each in without.former] == [("a", U[0], "Long")]
    again = written(without, variants=[v(U[2]), v(U[0])])
    assert keyed(again) == {U[2]: "c", U[0]: "a"}
    assert again.variants[1].id == one.variants[0].id
    assert [each.key for each in again.former] == ["b"]


def test_what_names_an_entry_goes_before_what_only_has_its_url() -> None:
    one = written(BLANK, variants=[v(U[0]), v(U[1])])
    two = written(one, variants=[v(U[0]), v(U[2], id=one.variants[0].id)])
    assert keyed(two) == {U[0]: "c", U[2]: "a"}
    twice = written(one, variants=[v(U[0]), v(U[0])])
    assert [each.key for each in twice.variants] == ["a", "c"]


def test_the_destination_of_a_code_without_variants_is_its_entry_a() -> None:
    code = written(BLANK, variants=[v(U[0]), v(BLANK.destination)])
    assert keyed(code) == {U[0]: "b", BLANK.destination: "a"}
    assert code.variants[1].id == destination_id(BLANK)
    assert code.former == ()
    assert keyed(written(BLANK, variants=[v(U[0]), v(U[1])])) == {U[0]: "a", U[1]: "b"}


def test_a_writer_may_choose_letters_that_were_never_given() -> None:
    code = written(BLANK, variants=[v(U[0], key="c"), v(U[1])])
    assert keyed(code) == {U[0]: "c", U[1]: "a"}
    assert keyed(written(code, variants=[v(U[2], key="b"), v(U[3], key="zz"), v(U[4])])) == {
        U[2]: "b",
        U[3]: "zz",
        U[4]: "a",
    }
    assert keyed(written(code, variants=[v(U[0]), v(U[3], key="zz"), v(U[2], key="b"), v(U[4])])) == {
        U[0]: "c",
        U[3]: "zz",
        U[2]: "d",
        U[4]: "e",
    }


def test_variants_and_rules_share_the_letters() -> None:
    code = written(BLANK, variants=[v(U[0])], rules=[r(U[1]), r(U[1], "IE")])
    assert [code.variants[0].key, *(one.key for one in code.rules)] == ["a", "b", "c"]
    turned = written(code, rules=[r(U[1], "IE"), r(U[1]), r(U[2], "FR")])
    assert [one.key for one in turned.rules] == ["c", "b", "d"]
    assert turned.variants == code.variants
    # An entry that becomes a rule is still itself.
    moved = written(code, variants=[], rules=[r(U[0], id=code.variants[0].id)])
    assert [(one.key, one.id) for one in moved.rules] == [("a", code.variants[0].id)]
    assert [one.key for one in moved.former] == ["b", "c"]


@pytest.mark.parametrize(
    ("name", "entries", "field"),
    [
        ("variants", [v(U[0])] * 11, "variants"),
        ("rules", [r(U[0])] * 51, "rules"),
        ("variants", [v(U[0]), v(U[1], weight=-1)], "variants[1].weight"),
        ("variants", [v(U[0], weight=1_000_001)], "variants[0].weight"),
        ("variants", [v(U[0], weight=0), v(U[1], active=False)], "variants"),
        ("variants", [v(U[0], key="A")], "variants[0].key"),
        ("variants", [v(U[0], key="")], "variants[0].key"),
        ("variants", [v(U[0], key="control-1")], "variants[0].key"),
        ("variants", [v(U[0], key="a"), v(U[1], key="a")], "variants[1].key"),
        ("rules", [r(U[0], id="x"), r(U[1], id="x")], "rules[1].id"),
        ("rules", [r(U[0], label="x" * 256)], "rules[0].label"),
        ("rules", [NewRule(to=U[0], when=Conditions(city=("x" * 128,) * 300))] * 4, "rules"),
    ],
)
def test_what_is_wrong_is_named(name: Any, entries: list[Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        variants.check(name, entries)
    assert refused.value.field == field


def test_an_entry_cannot_be_a_variant_and_a_rule() -> None:
    with pytest.raises(Refused) as refused:
        written(BLANK, variants=[v(U[0], key="b")], rules=[r(U[1]), r(U[2], key="b")])
    assert refused.value.field == "rules[1].key"


def test_a_rule_made_of_the_destination_keeps_its_id() -> None:
    """Found by the test below: what the destination goes by from then on is another."""
    first = destination_id(BLANK)
    code = written(BLANK, variants=[v(U[0], id=first)])
    code = written(code, variants=[], rules=[r(U[0])])
    assert [(one.id, one.key) for one in code.rules] == [(first, "a")]
    second = destination_id(code)
    assert variants.single_variant(code).id == second != first
    code = written(code, variants=[v(U[0], id=first), v(U[1], id=second)])
    assert first not in [one.id for one in code.variants]
    assert code.variants[1].id == second
    assert [one.key for one in code.variants] == ["b", "c"]


def test_an_entry_of_an_earlier_set_keeps_its_id() -> None:
    """Found by the test below: the destination went by the id of a former entry, which then stood twice in the code."""
    first = destination_id(BLANK)
    code = written(BLANK, variants=[v(BLANK.destination, id=first)])
    code = written(code, variants=[], rules=[r(U[0])])
    assert [(one.id, one.key) for one in code.former] == [(first, "a")] and code.letters_before == 1
    second = destination_id(code)
    code = written(code, variants=[v(U[1], id=second)])
    assert (code.variants[0].id, [one.id for one in code.former]) == (second, [first])
    assert second != first


def test_none_active_leaves_the_destination() -> None:
    assert [one.active for one in written(BLANK, variants=[v(U[0], active=False)]).variants] == [False]


_keys = st.none() | st.sampled_from(["a", "b", "c", "d", "aa"])
# `of` picks an id that was given at some time, so that ids of all ages are sent.
_entry = st.tuples(st.sampled_from([*U[:4], BLANK.destination]), _keys, st.none() | st.integers(0, 30))
_writes = st.lists(
    st.fixed_dictionaries(
        {}, optional={"variants": st.lists(_entry, max_size=5), "rules": st.lists(_entry, max_size=4)}
    ),
    max_size=12,
)


@given(_writes)
def test_over_any_sequence_of_replacements(writes: list[dict[str, list[tuple[str, str | None, int | None]]]]) -> None:
    code, given_ids = BLANK, [destination_id(BLANK)]
    id_of: dict[str, str] = {}
    for write in writes:
        lists: dict[str, list[NewVariant | NewRule]] = {}
        for name, entries in write.items():
            lists[name] = []
            for url, key, of in entries:
                id = None if of is None else given_ids[of % len(given_ids)]
                lists[name].append(v(url, key=key, id=id) if name == "variants" else r(url, key=key, id=id))
        were: list[Variant | Rule | Former] = [*code.variants, *code.rules, *code.former]
        before = {one.id: one.key for one in were}
        # Entries of earlier sets do not come back.
        ended = {one.id for one in code.former if variants._index(one.key) < code.letters_before}
        replaced = {one.id for name in write for one in (*getattr(code, name), *code.former)} - ended
        try:
            code = written(code, **lists)
        except Refused:
            continue
        living: list[Variant | Rule] = [*code.variants, *code.rules]
        # Nothing that is there has another's letter or id.
        assert len({one.key for one in living}) == len({one.id for one in living}) == len(living)
        assert not {one.id for one in code.former} & {one.id for one in living}
        for one in (*living, *code.former):
            # A letter is one entry's for ever, and an entry has one letter for ever.
            assert id_of.setdefault(one.key, one.id) == one.id
            assert before.get(one.id, one.key) == one.key
            if one.id not in given_ids:
                given_ids.append(one.id)
        for name, wanted in lists.items():
            for sent, kept in zip(wanted, getattr(code, name), strict=True):
                if sent.id in replaced:
                    assert kept.id == sent.id
                assert kept.id not in ended
        # The same list again changes nothing.
        again = {
            name: [
                msgspec.structs.replace(sent, id=kept.id, key=kept.key)
                for sent, kept in zip(lists[name], getattr(code, name), strict=True)
            ]
            for name in write
        }
        assert written(code, **again) == code


@given(st.integers(0, 10**6))
def test_letters_count(place: int) -> None:
    assert variants._index(variants._letters(place)) == place
    assert [variants._letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["a", "z", "aa", "az", "ba", "zz", "aaa"]


def test_a_list_of_one_keeps_its_id_its_label_and_its_weight() -> None:
    code = written(BLANK, variants=[v(U[0]), v(U[1], label="B")])
    first, second = code.variants
    code = msgspec.structs.replace(code, destination=U[1])
    code = msgspec.structs.replace(
        code, **merge_entries(code, {"variants": (), "sole": v(U[1], label="B", weight=7)}, NEW)
    )
    assert code.variants == () and code.sole is not None
    assert variants.single_variant(code) == Variant(id=second.id, key="b", url=U[1], weight=7, label="B")
    assert [one.id for one in code.former] == [first.id]
    # Where it leads is the destination's to say.
    moved = msgspec.structs.replace(code, destination=U[2])
    assert variants.single_variant(moved) == Variant(id=second.id, key="b", url=U[2], weight=7, label="B")
    # It stays when an empty list is written over an empty one, and comes back as a variant.
    assert written(code, variants=[]).sole == code.sole
    code = written(moved, variants=[v(U[0]), v(U[2])])
    assert [(one.id, one.key) for one in code.variants] == [(first.id, "a"), (second.id, "b")]
    assert code.sole is None


def test_a_destination_is_known_as_the_one_entry_of_a_list() -> None:
    alone = variants.single_variant(BLANK)
    assert alone == Variant(id=destination_id(BLANK), key="a", url=BLANK.destination)
    code = msgspec.structs.replace(BLANK, **merge_entries(BLANK, {"variants": (), "sole": v(U[0], id=alone.id)}, NEW))
    assert code.sole == Variant(id=alone.id, key="a", url=U[0])
    # Its letter is not that of a rule beside it, nor ever another's.
    ruled = written(BLANK, rules=[r(U[1])])
    assert (variants.single_variant(ruled).key, ruled.rules[0].key) == ("b", "a")
    back = {"variants": (), "sole": v(BLANK.destination, id=variants.single_variant(ruled).id), "rules": (r(U[1]),)}
    again = msgspec.structs.replace(ruled, **merge_entries(ruled, back, NEW))
    assert (variants.single_variant(again).key, again.rules[0].key, variants.single_variant(again).id) == (
        "b",
        "a",
        destination_id(BLANK),
    )
