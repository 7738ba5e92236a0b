"""Other services' exports become codes with the slugs that are printed, each once."""

import asyncio
import csv
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from codes import conditions, csv_safety
from codes.code_fields import NewCode
from codes.importing import report
from codes.importing.formats import Export
from codes.importing.importer import ImportOptions, Outcome, import_links
from codes.importing.types import Entry, Link, LinkKey, NotImported
from codes.plans import presets
from codes.resolver import Resolver
from codes.service import Codes
from codes.variants import NewRule, NewVariant
from schemas import keys
from schemas.code import Code
from schemas.imported import ImportedHistory
from schemas.scan_options import Apps, Conditions
from tests.codes.crashing import KilledHere, crashing

ROOT = Path(__file__).parents[3]
EXPORTS = ROOT / "tests" / "codes" / "exports"
FILES = sorted(file for file in EXPORTS.iterdir() if file.suffix in (".csv", ".json"))


async def run(codes: Codes, name: str, **plan: object) -> tuple[Counter[str], list[Outcome]]:
    outcomes: list[Outcome] = []
    counts = await import_links(codes, Export(EXPORTS / name).entries(), ImportOptions(1, **plan), outcomes.append)  # type: ignore[arg-type]
    return counts, outcomes


def shown(outcome: Outcome, code: Code | None, past: dict[int, ImportedHistory]) -> dict[str, Any]:
    """What became of an entry, and what there is now, without what is as it is for every code."""
    told = {
        "entry": outcome.entry,
        "outcome": outcome.outcome,
        "slug": outcome.slug,
        "aliases": list(outcome.aliases),
        "reason": outcome.reason,
        "left_out": [str(lost) for lost in outcome.left_out],
    }
    if code is not None and outcome.outcome == "made":
        assert code.aliases == outcome.aliases
        kept = {
            name: getattr(code, name)
            for name in ("destination", "label", "tags", "status", "query", "starts_at_ms", "expires_at_ms")
        }
        kept |= {name: getattr(code, name) for name in ("expired_destination", "scan_limit", "apps", "utm")}
        kept["rules"] = [{"if": conditions.to_json(rule.when), "to": rule.to} for rule in code.rules]
        kept["variants"] = [{"url": one.url, "weight": one.weight} for one in code.variants]
        kept["password"] = bool(code.password)
        kept["past"] = [
            " ".join(filter(None, [str(one.day or "no day"), one.kind, one.country, one.referrer_host, str(one.n)]))
            for history in [past.get(code.birth)]
            if history
            for one in history.scans
        ]
        usual = {"status": "active", "query": "drop"}
        told |= {name: value for name, value in kept.items() if value and usual.get(name) != value}
    written: dict[str, Any] = json.loads(msgspec.json.encode({name: value for name, value in told.items() if value}))
    return written


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_codes_are_made_once_and_keep_their_slugs(codes: Codes, file: Path) -> None:
    dry, _ = await run(codes, file.name, dry_run=True)
    assert await codes.count(1) == 0
    histories: list[ImportedHistory] = []
    counts, outcomes = await run(codes, file.name, on_history=histories.append)
    assert counts["made"] == dry["would be made"] > 0
    assert counts["skipped"] == dry["skipped"]
    assert [one.entry for one in outcomes] == sorted(one.entry for one in outcomes)
    made = {one.slug: one for one in outcomes if one.outcome == "made"}
    found = {code.slug: code for code in await codes.page(1, 100)}
    assert {slug: code.id for slug, code in found.items()} == {slug: one.id for slug, one in made.items()}
    expected = EXPORTS / "expected" / f"{file.name}.json"
    past = {one.code: one for one in histories}
    assert len(past) == len(histories)
    assert [shown(one, found.get(one.slug), past) for one in outcomes] == json.loads(expected.read_text())
    found_again: list[ImportedHistory] = []
    again, _ = await run(codes, file.name, on_history=found_again.append)
    assert sorted(found_again, key=lambda one: one.code) == sorted(histories, key=lambda one: one.code)
    assert (again["there"], again["made"], again["skipped"]) == (counts["made"], 0, counts["skipped"])
    assert await codes.count(1) == counts["made"]


async def test_what_is_skipped_says_why(codes: Codes) -> None:
    _, outcomes = await run(codes, "yourls.csv")
    reasons = {one.slug: one.reason for one in outcomes if one.outcome == "skipped"}
    assert reasons == {
        "api": "slug: the slug 'api' is reserved",
        "lan": "destination: the destination must be on a public host",
    }
    _, outcomes = await run(codes, "csv.csv")
    assert [one.reason for one in outcomes if one.slug == "door-12"] == ["", "entry 2 has the same slug"]


async def test_slugs_of_others_and_deleted_codes_stay_as_they_are(codes: Codes) -> None:
    await codes.create(1, NewCode(destination="https://example.com/mine", slug="poster"))
    for dry_run in (True, False):
        _, outcomes = await run(codes, "yourls.csv", dry_run=dry_run)
        assert [one.reason for one in outcomes if one.slug == "poster"] == ["slug: the slug 'poster' is taken"]
    [ozh] = [one for one in outcomes if one.slug == "ozh"]
    await codes.delete(1, ozh.id)
    _, outcomes = await run(codes, "yourls.csv")
    [ozh] = [one for one in outcomes if one.slug == "ozh"]
    assert ozh.outcome == "made", "the file is what was asked for"
    assert (await codes.by_slug("", "poster")).destination == "https://example.com/mine"  # type: ignore[union-attr]


async def test_one_domain_of_several_and_onto_one_of_ones_own(codes: Codes) -> None:
    counts, outcomes = await run(codes, "shlink.csv", only="go.example.net", onto="qr.example.net")
    assert counts == {"made": 1, "skipped": 2}
    assert "it is on s.example.org, not on go.example.net" in {one.reason for one in outcomes}
    assert await codes.by_slug("qr.example.net", "Xy_9") is not None
    assert await codes.by_slug("", "Xy_9") is None


async def test_too_many_tags_cost_tags_and_not_the_link(codes: Codes) -> None:
    link = Link(destination="https://example.com/", label="x" * 300, tags=tuple(map(str, range(30))))
    outcomes: list[Outcome] = []
    await import_links(codes, [Entry(1, (LinkKey("", "many"),), link)], ImportOptions(1), outcomes.append)
    assert outcomes[0].left_out == (NotImported("some of its tags"), NotImported("the end of its label"))
    code = await codes.by_slug("", "many")
    assert code is not None and len(code.tags) == 10 and len(code.label or "") == 255


async def test_parts_that_cannot_be_kept_cost_themselves_and_not_the_link(codes: Codes) -> None:
    inside, outside = "http://127.0.0.1/", "https://example.com/"
    link = Link(
        destination=outside,
        label="nul\0",
        expired_destination=inside,
        rules=tuple(
            NewRule(when=Conditions(country=(country,)), to=to)
            for country, to in (("DE", inside), ("AT", outside), ("FR", inside), *([("IT", outside)] * 60))
        ),
        variants=(NewVariant(url=inside), NewVariant(url=outside)),
        apps=Apps(ios="myapp://menu", android="https://play.example.com/"),
        utm={"utm_source": "x" * 300},
    )
    outcomes: dict[bool, Outcome] = {}
    for dry_run in (True, False):
        await import_links(
            codes,
            [Entry(1, (LinkKey("", "much"),), link)],
            ImportOptions(1, dry_run=dry_run),
            lambda outcome: outcomes.__setitem__(outcome.outcome == "would be made", outcome),
        )
    assert outcomes[True].left_out == outcomes[False].left_out
    lost = [str(one) for one in outcomes[False].left_out]
    assert lost[:13] == [f"rules: {outside}"] * 13
    public = "the destination must be on a public host"
    assert sorted(lost[13:]) == sorted(
        [
            "label: text must not hold a NUL character",
            f"where it leads after its end: {inside} ({public})",
            *[f"rules: {inside} ({public})"] * 2,
            f"variants: {inside} ({public})",
            "links into apps: myapp://menu (this workspace does not allow links of myapp:)",
            "campaign parameters: must be 1 to 255 printable characters",
        ]
    )
    code = await codes.by_slug("", "much")
    assert code is not None
    assert (len(code.rules), len(code.variants), code.apps) == (48, 1, Apps(android="https://play.example.com/"))
    assert report.counts(outcomes.values())["rules"] == 2


async def imported(codes: Codes, *entries: tuple[str, ...], **plan: Any) -> list[Outcome]:
    """Entries of these slugs, all to one destination; a host may stand before each."""
    link = Link(destination="https://example.com/")
    made: list[Outcome] = []
    keyed = [tuple(LinkKey(*slug.rpartition(":")[::2]) for slug in slugs) for slugs in entries]
    await import_links(
        codes, [Entry(at, keys, link) for at, keys in enumerate(keyed, 1)], ImportOptions(1, **plan), made.append
    )
    return made


def slugs_of(outcomes: list[Outcome]) -> list[tuple[str, str, tuple[str, ...], list[str]]]:
    return [(one.outcome, one.slug, one.aliases, [lost.detail for lost in one.left_out]) for one in outcomes]


async def test_all_back_halves_of_a_link_are_one_code(codes: Codes) -> None:
    await codes.create(1, NewCode(destination="https://example.com/mine", slug="taken"))
    entries = (("a", "api", "taken", "b"), ("taken", "c", "d"), ("e", "b"), ("a",), ("api", "taken"))
    expected = [
        ("a", ("b",), ["api (the slug 'api' is reserved)", "taken (the slug 'taken' is taken)"]),
        ("c", ("d",), ["taken (entry 1 has it)"]),
        ("e", (), ["b (entry 1 has it)"]),
        ("a", (), []),
        ("api", ("taken",), []),
    ]
    words = ["made", "made", "made", "skipped", "skipped"]
    for dry_run, said in ((True, "would be made"), (False, "made")):
        told = slugs_of(await imported(codes, *entries, dry_run=dry_run))
        named = [word if word == "skipped" else said for word in words]
        assert told == [(word, *one) for word, one in zip(named, expected, strict=True)]
    again = await imported(codes, *entries)
    assert [one.outcome for one in again] == ["there", "there", "there", "skipped", "skipped"]
    assert [lost.detail for lost in again[0].left_out] == [
        "api (the code does not have it)",
        "taken (the code does not have it)",
    ]
    for slug, aliases in (("a", ("b",)), ("c", ("d",))):
        code = await codes.by_slug("", slug)
        assert code is not None and code.aliases == aliases


async def test_a_code_of_another_entry_is_not_taken_for_ones_own(codes: Codes) -> None:
    await imported(codes, ("x",))
    assert slugs_of(await imported(codes, ("m", "x"))) == [("made", "m", (), ["x (the slug 'x' is taken)"])]


async def test_more_back_halves_than_a_code_has_room_for_are_named(codes: Codes) -> None:
    [one] = await imported(codes, tuple(f"s{number}" for number in range(25)))
    assert (len(one.aliases), [lost.detail for lost in one.left_out]) == (
        20,
        [f"s{number} (a code has at most 20 aliases)" for number in range(21, 25)],
    )


async def test_a_slug_that_another_workspace_gave_up_costs_itself(codes: Codes) -> None:
    other = await codes.create(2, NewCode(destination="https://example.com/", slug="given-up"))
    await codes.delete(2, other.id)
    for dry_run, word in ((True, "would be made"), (False, "made")):
        assert slugs_of(await imported(codes, ("given-up", "kept"), ("first", "given-up"), dry_run=dry_run)) == [
            (word, "kept", (), ["given-up (the slug 'given-up' is taken)"]),
            (word, "first", (), ["given-up (entry 1 has it)"]),
        ]


@pytest.mark.parametrize(("gone", "slug", "aliases"), [("a", "b", ("c",)), ("b", "a", ("c",)), ("c", "a", ("b",))])
async def test_a_slug_that_somebody_takes_meanwhile_costs_itself(
    codes: Codes, redis: Redis, gone: str, slug: str, aliases: tuple[str, ...]
) -> None:
    faster = [NewCode(destination="https://example.com/", slug=gone, keep_slug=True)]

    async def step(name: str) -> None:
        if name == "intent" and faster:
            await codes.create(2, faster.pop())

    slower = Codes(redis, resolver=Resolver(lambda host: ()), step=step, plans=presets())
    assert slugs_of(await imported(slower, ("a", "b", "c"))) == [
        ("made", slug, aliases, [f"{gone} (the slug '{gone}' is taken)"])
    ]


async def test_back_halves_of_other_domains_are_named(codes: Codes) -> None:
    entry = ("go.example.org:menu", "bit.ly:menu", "bit.ly:3xK9aBc")
    [one] = await imported(codes, entry, only="go.example.org")
    assert (one.slug, one.aliases) == ("menu", ())
    assert [str(lost) for lost in one.left_out] == [
        "further slugs: bit.ly/menu (not on go.example.org)",
        "further slugs: bit.ly/3xK9aBc (not on go.example.org)",
    ]


async def test_slugs_of_several_parts(codes: Codes) -> None:
    assert slugs_of(await imported(codes, ("docs/intro", "docs/Start"))) == [
        ("made", "docs/intro", ("docs/Start",), [])
    ]


async def test_a_password_that_cannot_be_kept_keeps_the_link_closed(codes: Codes) -> None:
    link = Link(destination="https://example.com/", password="x" * 5000)
    outcomes: list[Outcome] = []
    await import_links(codes, [Entry(1, (LinkKey("", "closed"),), link)], ImportOptions(1), outcomes.append)
    assert outcomes[0].outcome == "skipped" and outcomes[0].reason.startswith("password: ")


async def test_a_link_whose_import_was_killed_before_it_was_indexed_is_made_again(codes: Codes, redis: Redis) -> None:
    link = Link(destination="https://example.com/")
    entries = [Entry(1, (LinkKey("", "main"), LinkKey("", "further")), link)]
    with pytest.raises(KilledHere):
        await import_links(crashing(redis, "written"), entries, ImportOptions(1), lambda outcome: None)
    outcomes: list[Outcome] = []
    await import_links(codes, entries, ImportOptions(1), outcomes.append)
    assert [(one.outcome, one.slug, one.aliases) for one in outcomes] == [("made", "main", ("further",))]
    [code] = await codes.page(1, 10)
    assert (code.id, code.slug, code.aliases) == (outcomes[0].id, "main", ("further",))


@pytest.mark.timeout(120)
async def test_killed_anywhere_and_run_again_nothing_is_doubled(codes: Codes, redis: Redis, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    slugs = [f"door-{number}" for number in range(200)]
    lines = (f"{slug},https://example.com/{slug},back-{slug}\n" for slug in slugs)
    file.write_text("slug,destination,aliases\n" + "".join(lines))
    url = f"unix://{redis.connection_pool.connection_kwargs['path']}"
    code = f"""
import asyncio
from pathlib import Path
from codes.redis_client import connect
from codes.importing.formats import Export
from codes.importing.importer import ImportOptions, import_links
from codes.plans import presets
from codes.resolver import Resolver
from codes.service import Codes
async def main():
    codes = Codes(connect({url!r}), resolver=Resolver(lambda host: ()), plans=presets())
    print("begun", flush=True)
    counts = await import_links(codes, Export(Path({str(file)!r})).entries(), ImportOptions(1), lambda outcome: None)
    print(dict(counts), flush=True)
asyncio.run(main())
"""
    for seconds in (0.02, 0.05, 0.11, 0.23):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"begun\n"
        await asyncio.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL, "it was done before it was killed: give it more to do"
    counts = await import_links(codes, Export(file).entries(), ImportOptions(1), lambda outcome: None)
    assert counts["made"] + counts["there"] == 200
    found = await codes.page(1, 1000)
    assert sorted((code.slug, code.aliases) for code in found) == sorted((slug, (f"back-{slug}",)) for slug in slugs)
    assert len([key async for key in redis.scan_iter(keys.route("*"))]) == 400


def test_a_report_cannot_calculate(tmp_path: Path) -> None:
    outcomes = [
        Outcome(1, "made", "=1+2", ("+1", "two"), "https://example.com/", "id", left_out=(NotImported("=1", "2"),)),
        Outcome(2, "skipped", "@x", (), "-2+3", reason='=cmd|" /C calc"!A0'),
    ]
    report.write(tmp_path / "report.csv", outcomes)
    with (tmp_path / "report.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(report.COLUMNS)
    assert not [cell for row in rows for cell in row if cell.startswith(csv_safety.FORMULAS)]
    assert rows[1][2:5] == ["'=1+2", "'+1 two", "https://example.com/"]
    report.write(tmp_path / "report.json", outcomes)
    assert json.loads((tmp_path / "report.json").read_text())[1]["slug"] == "@x"
