"""Every short link of an export leads, through a real redirector, where it led before, or the report names it."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codes.importing import report
from codes.importing.formats import Export
from codes.importing.importer import ImportOptions, Outcome, import_links
from codes.service import Codes
from tests.redirect.codes import ANDROID, DESKTOP
from tests.redirect.scanner import IPHONE, Redirector, redirector

EXPORTS = Path(__file__).parents[1] / "exports"
PAUSED = "paused"

# What is printed, as whoever prints it knows it, and where it leads: a destination, paused, or named in the report.
REPORTED = "reported"
PRINTED: dict[str, dict[str, str]] = {
    "bitly.csv": {
        "Spring-Menu": "https://cafe.example.com/menu?table=1",
        "3xK9aBc": "https://cafe.example.com/menu?table=1",
        "4Qw8zYx": "https://cafe.example.com/hours",
        "4PageXX": REPORTED,
    },
    "bitly.json": {
        **dict.fromkeys(["Spring-Menu", "table1", "menu", "3xK9aBc"], "https://cafe.example.com/menu?table=1"),
        "4Qw8zYx": "https://cafe.example.com/hours",
        "old-offer": REPORTED,
        "4Gone00": REPORTED,
        "api": REPORTED,
        "4ApiDoc": "https://cafe.example.com/api",
    },
    "shlink.csv": {
        "trail": "https://park.example.com/map.pdf",
        "Xy_9": "https://park.example.com/tickets",
        "docs/nested": "https://park.example.com/nested",
    },
    "shlink.json": {
        "trail": "https://park.example.com/map.pdf",
        "docs/nested": "https://park.example.com/nested",
        "used-up": PAUSED,
    },
    "bitly-clicks.json": dict.fromkeys(["Summer-Fair", "3Daily1"], "https://fair.example.com/"),
    "shlink-visits.json": {"fair": "https://fair.example.com/"},
    "shlink-devices.json": {"app": "https://apps.example.com/park"},
    "yourls.csv": {
        "poster": "https://museum.example.com/poster?room=3",
        "ozh": "https://museum.example.com/",
        "api": REPORTED,
        "lan": REPORTED,
    },
    "yourls-phpmyadmin.json": {
        "poster": "https://museum.example.com/poster?room=3",
        "ozh": "https://museum.example.com/",
    },
    "yourls-plugin.csv": {
        "poster": "https://museum.example.com/poster?room=3",
        "ozh": "https://museum.example.com/?a=1,2",
    },
    "kutt.json": {"vote": "https://club.example.com/vote", "secret": REPORTED, "spam": REPORTED},
    "dub.json": {
        "launch": "https://apps.example.com/ios",
        "docs/test": "https://apps.example.com/ios",
        "tested": "https://shop.example.com/winner",
        "Old": PAUSED,
        "off": PAUSED,
        "locked": "password",
        "_root": REPORTED,
    },
    "dub.csv": {"launch": "https://apps.example.com/ios", "Old": PAUSED, "locked": REPORTED},
    "dub-titles.csv": {"launch": "https://shop.example.com/launch", "docs/intro": PAUSED},
    "chhoto.json": {"boat": "https://lake.example.com/boats", "season_25": "https://lake.example.com/season"},
    "csv.csv": {
        "door-12": "https://hotel.example.com/room/12?utm_source=sticker",
        "Bar.Menu": PAUSED,
        "bad-time": REPORTED,
    },
    "csv-nohead.csv": {"door-12": "https://hotel.example.com/room/12", "Bar.Menu": "https://hotel.example.com/bar"},
}
PRINTED["yourls-nohead.csv"] = PRINTED["yourls.csv"]
PRINTED["yourls-stats.json"] = PRINTED["yourls-phpmyadmin.json"]
PRINTED["kutt.csv"] = PRINTED["kutt.json"]


@contextmanager
def scanning(folder: Path, redis_url: str) -> Iterator[Redirector]:
    with redirector(folder, redis_url, edge="cloudflare") as running:
        yield running


def test_every_sample_is_here() -> None:
    assert set(PRINTED) == {file.name for file in EXPORTS.iterdir() if file.suffix in (".csv", ".json")}


async def brought(codes: Codes, name: str, folder: Path) -> str:
    """The report, as it is written."""
    outcomes: list[Outcome] = []
    await import_links(codes, Export(EXPORTS / name).entries(), ImportOptions(1), outcomes.append)
    report.write(folder / "report.csv", outcomes)
    return (folder / "report.csv").read_text()


def leads(running: Redirector, slug: str, agent: str = IPHONE, query: str = "", **headers: str) -> str:
    answer = running.ask(
        f"/{slug}{query}", {"User-Agent": agent, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )
    if answer.status == 302 and "/-/paused" not in answer.location:
        return answer.location
    if answer.status == 404:
        return REPORTED
    return PAUSED if answer.status == 302 else "password"


async def test_every_printed_link_leads_where_it_did_or_is_reported(
    codes: Codes, redis_url: str, tmp_path: Path
) -> None:
    with scanning(tmp_path, redis_url) as running:
        for name, printed in PRINTED.items():
            said = await brought(codes, name, tmp_path)
            assert {slug: leads(running, slug) for slug in printed} == printed, name
            lost = [slug for slug, there in printed.items() if there == REPORTED]
            assert [slug for slug in lost if slug not in named(said)] == [], name
            for code in await codes.page(1, 100):
                await codes.delete(1, code.id)


def named(said: str) -> set[str]:
    """Slugs of entries that were skipped or have lost them."""
    rows = list(csv.DictReader(said.splitlines()))
    skipped = {slug for row in rows if row["outcome"] == "skipped" for slug in [row["slug"], *row["aliases"].split()]}
    lost = {word for row in rows for part in row["left out"].split("; ") for word in part.split()}
    return skipped | lost


async def test_rules_variants_and_the_query_lead_as_they_did(codes: Codes, redis_url: str, tmp_path: Path) -> None:
    with scanning(tmp_path, redis_url) as running:
        await brought(codes, "shlink.json", tmp_path)
        assert leads(running, "trail", ANDROID) == "https://park.example.com/app"
        austrian = {"Accept_Language": "de-AT,de;q=0.9", "CF_IPCountry": "AT"}
        assert leads(running, "trail", DESKTOP, **austrian) == "https://park.example.com/karte.pdf"
        assert leads(running, "trail", query="?from=flyer&table=7&quiet=") == (
            "https://park.example.com/flyer?from=flyer&table=7&quiet="
        )
        assert leads(running, "trail", query="?from=flyer") == "https://park.example.com/map.pdf?from=flyer"
        assert leads(running, "docs/nested", query="?from=flyer") == "https://park.example.com/nested"
        for code in await codes.page(1, 100):
            await codes.delete(1, code.id)
        await brought(codes, "dub.json", tmp_path)
        assert leads(running, "launch", ANDROID, CF_IPCountry="DE") == "https://play.example.com/app"
        assert leads(running, "launch", DESKTOP, CF_IPCountry="AT") == "https://shop.example.com/de"
        assert leads(running, "launch", DESKTOP, query="?utm_source=poster") == (
            "https://shop.example.com/launch?utm_source=poster"
        )
        assert leads(running, "docs/test", DESKTOP) in ("https://shop.example.com/a", "https://shop.example.com/b")


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_nothing_of_an_entry_is_passed_over_in_silence(name: str) -> None:
    """What a reader has no use for is named in the report, or stands here as what nobody would miss."""
    export = Export(EXPORTS / name)
    for number, row in export.rows:
        entry = next(one for one in export.entries() if one.number == number)
        if not isinstance(entry.found, str):
            words, told = export.format.WORDS, {lost.what for lost in entry.found.left_out}
            silent = {column for column in row.unread() if words.get(column, column) not in told}
            assert silent <= export.format.SILENT
