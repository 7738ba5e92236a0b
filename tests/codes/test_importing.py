"""Other services' exports become codes with the slugs that are printed, each once."""

import asyncio
import csv
import json
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from codes import cells, transfer
from codes.fields import NewCode
from codes.importing import report
from codes.importing.formats import FORMATS, Export, Unreadable
from codes.importing.importer import Outcome, Plan, bring
from codes.importing.link import Link, Unusable
from codes.store import Codes
from schemas import keys

ROOT = Path(__file__).parents[2]
EXPORTS = Path(__file__).parent / "exports"
FILES = sorted(EXPORTS.iterdir())


def links(name: str) -> dict[str, Link]:
    return {found.slug: found for _, found in Export(EXPORTS / name).entries() if isinstance(found, Link)}


def unusable(name: str) -> list[tuple[int, str]]:
    return [(entry, str(found)) for entry, found in Export(EXPORTS / name).entries() if isinstance(found, Unusable)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_format_is_seen_from_the_columns(file: Path) -> None:
    name = file.stem.split("-")[0]
    assert Export(file).format is FORMATS[name]
    assert list(Export(file, name).entries())


def test_every_format_has_a_sample() -> None:
    assert {file.stem.split("-")[0] for file in FILES} == set(FORMATS)


def test_bitly() -> None:
    for name in ("bitly.csv", "bitly.json"):
        found = links(name)
        menu = found["Spring-Menu"]
        assert (menu.host, menu.destination) == ("bit.ly", "https://cafe.example.com/menu?table=1")
        assert (menu.label, menu.tags) == ("Spring menu", ("print", "cafe"))
        assert "its other back-halves" in menu.left_out
        assert found["4Qw8zYx"].destination == "https://cafe.example.com/hours"
    assert "clicks" in links("bitly.csv")["Spring-Menu"].left_out
    assert unusable("bitly.csv") == [(4, "no destination: a page or a file at Bitly cannot be brought along")]


def test_shlink() -> None:
    found = links("shlink.csv")
    assert (found["trail"].host, found["trail"].tags) == ("s.example.org", ("map", "park"))
    assert (found["Xy_9"].host, found["Xy_9"].label, found["Xy_9"].left_out) == (
        "go.example.net",
        None,
        ("the time it was made",),
    )
    assert unusable("shlink.csv") == [(4, "the slug 'a/b' has more than one part")]
    [told] = links("shlink.json").values()
    assert (told.starts_at_ms, told.expires_at_ms, told.scan_limit) == (1735689600000, 1924992000000, 5000)
    assert "its redirect rules" in told.left_out


def test_yourls() -> None:
    poster = links("yourls.csv")["poster"]
    assert (poster.destination, poster.label) == (
        "https://museum.example.com/poster?room=3",
        "The poster in room 3",
    )
    assert poster.left_out == ("clicks", "the time it was made")


def test_kutt() -> None:
    found = links("kutt.json")
    assert list(found) == ["vote"]
    assert (found["vote"].host, found["vote"].expires_at_ms) == ("kutt.example.org", 1935723905000)
    assert unusable("kutt.json") == [
        (2, "it has a password, which the export does not say"),
        (3, "it was banned there"),
    ]


def test_dub() -> None:
    found = links("dub.csv")
    launch = found["launch"]
    assert (launch.host, launch.tags, launch.utm) == ("dub.example.net", ("spring", "print"), {})
    assert launch.apps is not None and launch.apps.ios == "https://apps.example.com/ios"
    assert launch.expired_destination == "https://shop.example.com/over"
    assert found["Old"].paused and "its destinations by country" in found["Old"].left_out
    assert unusable("dub.csv") == [(4, "it has a password, which the export does not say")]
    assert links("dub-titles.csv")["launch"].tags == ("spring", "print")


def test_a_csv_of_ones_own() -> None:
    found = links("csv.csv")
    assert (found["Bar.Menu"].paused, found["Bar.Menu"].expires_at_ms) == (True, 1924992000000)
    assert found["Bar.Menu"].tags == ("doors", "bar")
    assert unusable("csv.csv") == [(5, "'' is not a short link"), (6, "expires_at: 'soon' is not a time")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no known export"),
        (b"a,b\n1,2\n", "a, b"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"links": 5}', "no list of links"),
        (b'{"x": []}', "no list of links"),
        (b"[1]", "no object"),
        (b'{"links": [', "begins as JSON"),
    ],
)
def test_what_is_no_export_is_refused_with_the_reason(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "export"
    file.write_bytes(content)
    with pytest.raises(Unreadable, match=says):
        Export(file)


@pytest.mark.parametrize("depth", [100_000, 900])
def test_deeply_nested_json_is_refused_in_words(tmp_path: Path, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    file = tmp_path / "deep.json"
    for text in (nested, f'[{{"slug": "a", "destination": "https://example.com/", "tags": {nested}}}]'):
        file.write_text(text)
        with suppress(Unreadable):
            for _, found in Export(file, "csv").entries():
                assert isinstance(found, Link | Unusable)
    own = tmp_path / "own.ndjson"
    own.write_text(f'{{"is":"waymark","format":1}}\n{{"is":"static","code":{{"content":{{"a":{nested}}}}}}}\n')
    with pytest.raises(transfer.Unreadable, match="line 2"):
        list(transfer.read_lines(own))


@given(st.text(alphabet='slug,destination\n"|;{}[]:https/.ü\x00 ', max_size=80), st.sampled_from(sorted(FORMATS)))
def test_no_text_is_more_than_unreadable(text: str, name: str) -> None:
    file = Path(os.environ.get("TMPDIR", "/tmp")) / f"waymark-export-{os.getpid()}"
    file.write_text(text)
    try:
        for _, found in Export(file, name).entries():
            assert isinstance(found, Link | Unusable)
    except Unreadable:
        pass
    finally:
        file.unlink()


async def run(codes: Codes, name: str, **plan: object) -> tuple[Counter[str], list[Outcome]]:
    outcomes: list[Outcome] = []
    counts = await bring(codes, Export(EXPORTS / name).entries(), Plan(1, **plan), outcomes.append)  # type: ignore[arg-type]
    return counts, outcomes


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_codes_are_made_once_and_keep_their_slugs(codes: Codes, file: Path) -> None:
    dry, _ = await run(codes, file.name, dry_run=True)
    assert await codes.count(1) == 0
    counts, outcomes = await run(codes, file.name)
    assert counts["made"] == dry["would be made"] > 0
    assert counts["skipped"] == dry["skipped"]
    assert [one.entry for one in outcomes] == sorted(one.entry for one in outcomes)
    made = {one.slug: one for one in outcomes if one.outcome == "made"}
    assert {code.slug: code.id for code in await codes.page(1, 100)} == {slug: one.id for slug, one in made.items()}
    again, _ = await run(codes, file.name)
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
    link = Link(slug="many", destination="https://example.com/", label="x" * 300, tags=tuple(map(str, range(30))))
    outcomes: list[Outcome] = []
    await bring(codes, [(1, link)], Plan(1), outcomes.append)
    assert outcomes[0].left_out == ("some of its tags", "the end of its label")
    code = await codes.by_slug("", "many")
    assert code is not None and len(code.tags) == 10 and len(code.label or "") == 255


@pytest.mark.timeout(120)
async def test_killed_anywhere_and_run_again_nothing_is_doubled(codes: Codes, redis: Redis, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    slugs = [f"door-{number}" for number in range(400)]
    file.write_text("slug,destination\n" + "".join(f"{slug},https://example.com/{slug}\n" for slug in slugs))
    url = f"unix://{redis.connection_pool.connection_kwargs['path']}"
    code = f"""
import asyncio
from pathlib import Path
from codes.connection import connect
from codes.importing.formats import Export
from codes.importing.importer import Plan, bring
from codes.resolver import Resolver
from codes.store import Codes
async def main():
    codes = Codes(connect({url!r}), resolver=Resolver(lambda host: ()))
    print("begun", flush=True)
    counts = await bring(codes, Export(Path({str(file)!r})).entries(), Plan(1), lambda outcome: None)
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
    counts = await bring(codes, Export(file).entries(), Plan(1), lambda outcome: None)
    assert counts["made"] + counts["there"] == 400
    assert sorted(code.slug for code in await codes.page(1, 1000)) == sorted(slugs)
    assert len([key async for key in redis.scan_iter(keys.route("*"))]) == 400


def test_a_report_cannot_calculate(tmp_path: Path) -> None:
    outcomes = [
        Outcome(1, "made", "=1+2", "https://example.com/", "id", left_out=("clicks", "tags")),
        Outcome(2, "skipped", "@x", "-2+3", reason='=cmd|" /C calc"!A0'),
    ]
    report.write(tmp_path / "report.csv", outcomes)
    with (tmp_path / "report.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(report.COLUMNS)
    assert not [cell for row in rows for cell in row if cell.startswith(cells.FORMULAS)]
    assert rows[1][2:4] == ["'=1+2", "https://example.com/"]
    report.write(tmp_path / "report.json", outcomes)
    assert json.loads((tmp_path / "report.json").read_text())[1]["slug"] == "@x"
