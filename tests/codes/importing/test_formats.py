"""What each service writes is read as what it means there; what cannot be brought along is named."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import export_import
from codes.importing.formats import FORMATS, Export
from codes.importing.types import Link, UnreadableFile
from codes.variants import NewRule
from schemas.imported import PastScans
from schemas.scan_options import Apps, Conditions

EXPORTS = Path(__file__).parents[1] / "exports"
FILES = sorted(file for file in EXPORTS.iterdir() if file.suffix in (".csv", ".json"))


def links(name: str) -> dict[str, Link]:
    found = Export(EXPORTS / name).entries()
    return {str(one.keys[0]): one.found for one in found if isinstance(one.found, Link)}


def unusable(name: str) -> list[tuple[int, str, str]]:
    found = Export(EXPORTS / name).entries()
    return [(one.number, " ".join(map(str, one.keys)), one.found) for one in found if isinstance(one.found, str)]


def left_out(link: Link) -> set[str]:
    return set(map(str, link.left_out))


def rules(link: Link) -> list[tuple[dict[str, Any], str]]:
    return [(msgspec.json.decode(msgspec.json.encode(rule.when)), rule.to) for rule in link.rules]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_format_is_seen_from_the_columns(file: Path) -> None:
    name = file.stem.split("-")[0]
    assert Export(file).format is FORMATS[name]
    said = [msgspec.to_builtins(one) for one in Export(file, name).entries()]
    assert said == [msgspec.to_builtins(one) for one in Export(file).entries()] != []


def test_every_format_has_a_sample_that_says_where_its_shape_is_known_from() -> None:
    assert {file.stem.split("-")[0] for file in FILES} == set(FORMATS)
    table = (EXPORTS / "README.md").read_text()
    assert [file.name for file in FILES if f"`{file.name}`" not in table] == []


def test_bitly() -> None:
    found = links("bitly.json")
    menu = found["bit.ly/Spring-Menu"]
    first = next(Export(EXPORTS / "bitly.json").entries())
    assert list(map(str, first.keys)) == [
        "bit.ly/Spring-Menu",
        "bit.ly/table1",
        "go.cafe.example/menu",
        "bit.ly/3xK9aBc",
    ]
    assert (menu.destination, menu.label, menu.tags) == (
        "https://cafe.example.com/menu?table=1",
        "Spring menu",
        ("print", "cafe"),
    )
    assert left_out(menu) == {"the time it was made", "links into apps"}
    # What is archived at Bitly is out of its list and works.
    assert not found["bit.ly/4Qw8zYx"].paused and "that it is archived" in left_out(found["bit.ly/4Qw8zYx"])
    assert unusable("bitly.json") == [(3, "bit.ly/old-offer bit.ly/4Gone00", "it was deleted there")]
    first = next(Export(EXPORTS / "bitly.csv").entries())
    assert list(map(str, first.keys)) == ["bit.ly/Spring-Menu", "bit.ly/3xK9aBc"]
    assert left_out(links("bitly.csv")["bit.ly/Spring-Menu"]) == {"the time it was made"}
    assert unusable("bitly.csv") == [
        (4, "bit.ly/4PageXX", "no destination: a page or a file at Bitly cannot be imported")
    ]


def test_shlink() -> None:
    found = links("shlink.json")
    trail = found["s.example.org/trail"]
    assert (trail.starts_at_ms, trail.expires_at_ms, trail.scan_limit) == (1735689600000, 1924992000000, 5000 - 81)
    assert trail.query == "append"
    assert rules(trail) == [
        ({"os": ["Android"]}, "https://park.example.com/app"),
        ({"country": ["AT"], "language": ["de-AT"]}, "https://park.example.com/karte.pdf"),
        (
            {
                "from": 1735689600000,
                "to": 1924992000000,
                "query": {"from": ["flyer"], "table": [], "quiet": [""]},
            },
            "https://park.example.com/flyer",
        ),
        ({"city": ["Graz"], "device": ["desktop"]}, "https://park.example.com/graz"),
    ]
    assert left_out(trail) == {
        "the time it was made",
        "redirect rules: rule 3 (a condition on ip-address)",
    }
    nested = found["s.example.org/docs/nested"]
    assert (nested.query, nested.rules) == ("drop", ())
    assert left_out(nested) == {
        "the time it was made",
        "redirect rules: not in this file",
        "that search engines may list it",
    }
    used = found["go.example.net/used-up"]
    assert used.paused and "a limit of visits that is used up (paused): 100" in left_out(used)


def test_shlinks_csv_and_its_devices_of_before() -> None:
    found = links("shlink.csv")
    assert found["s.example.org/trail"].tags == ("map", "park")
    assert list(found) == ["s.example.org/trail", "go.example.net/Xy_9", "s.example.org/docs/nested"]
    assert "rules, dates, limits and forwarding of the query, which the CSV does not hold" in left_out(
        found["go.example.net/Xy_9"]
    )
    [app] = links("shlink-devices.json").values()
    assert rules(app) == [
        ({"os": ["Android"]}, "https://play.example.com/park"),
        ({"os": ["iOS", "iPadOS"]}, "https://apps.example.com/park"),
    ]


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ({"type": "device", "matchValue": "fridge"}, "a condition on device fridge"),
        ({"type": "moon", "matchValue": "full"}, "a condition on moon"),
        ({"type": "geolocation-country-code", "matchValue": "Austria"}, "if.country[0]: a country is"),
        ("no object", "a condition that is no object"),
    ],
)
def test_a_rule_of_shlinks_is_left_out_whole(tmp_path: Path, condition: Any, why: str) -> None:
    conditions = [condition, {"type": "language", "matchKey": None, "matchValue": "de"}]
    entry = {
        "shortCode": "a",
        "shortUrl": "https://s.example.org/a",
        "longUrl": "https://example.com/",
        "redirectRules": {"redirectRules": [{"longUrl": "https://example.com/b", "conditions": conditions}]},
    }
    [found] = entries(tmp_path, msgspec.json.encode(entry).decode())
    assert isinstance(found.found, Link) and not found.found.rules
    assert any(one.startswith(f"redirect rules: rule 1 ({why}") for one in left_out(found.found))


def test_yourls() -> None:
    for name in ("yourls.csv", "yourls-nohead.csv", "yourls-phpmyadmin.json", "yourls-stats.json", "yourls-plugin.csv"):
        found = {key.rpartition("/")[2]: link for key, link in links(name).items()}
        assert list(found)[:2] == ["poster", "ozh"], name
        poster = found["poster"]
        assert poster.destination == "https://museum.example.com/poster?room=3"
        if "plugin" not in name:
            assert poster.label == "The poster in room 3"
            assert left_out(poster) == {"the time it was made"}
    assert left_out(links("yourls-plugin.csv")["poster"]) == set()
    assert list(links("yourls-stats.json")) == ["sho.example.org/poster", "sho.example.org/ozh"]
    assert links("yourls-plugin.csv")["ozh"].destination == "https://museum.example.com/?a=1,2"


def test_kutt() -> None:
    for name in ("kutt.json", "kutt.csv"):
        found = links(name)
        [vote] = found.values()
        assert (vote.label, vote.expires_at_ms) == ("Vote for the board", 1935723905000)
        assert left_out(vote) == {"the time it was made"}
        assert [why for _, _, why in unusable(name)] == [
            "it has a password, which the export does not say",
            "it was banned there",
        ]
    assert list(links("kutt.json")) == ["kutt.example.org/vote"]
    assert [slugs for _, slugs, _ in unusable("kutt.json")] == ["go.example.net/secret", "kutt.example.org/spam"]


def test_dub() -> None:
    found = links("dub.json")
    launch = found["dub.example.net/launch"]
    assert (launch.tags, launch.utm, launch.query) == (("spring", "print"), {}, "override")
    assert launch.expired_destination == "https://shop.example.com/over"
    # Beside countries the systems are rules, too: they go first there.
    assert launch.apps is None
    assert rules(launch) == [
        ({"os": ["iOS", "iPadOS"]}, "https://apps.example.com/ios"),
        ({"os": ["Android"]}, "https://play.example.com/app"),
        ({"country": ["DE", "AT"]}, "https://shop.example.com/de"),
        ({"country": ["FR"]}, "https://shop.example.com/fr"),
    ]
    assert left_out(launch) == {"the time it was made"}
    test = found["dub.example.net/docs/test"]
    assert [(one.url[-1], one.weight) for one in test.variants] == [("a", 70), ("b", 30)]
    assert test.apps == Apps(ios="https://apps.example.com/ios")
    assert left_out(test) == {
        *("the end of a test of variants", "the time it was made", "the preview's picture", "the preview's text"),
        *("the preview's own text and picture", "folder"),
    }
    tested = found["dub.example.net/tested"]
    assert (tested.variants, tested.destination) == ((), "https://shop.example.com/winner")
    assert found["dub.example.net/Old"].paused and found["dub.example.net/off"].paused and not launch.paused
    assert found["dub.example.net/locked"].password == "open sesame"
    assert unusable("dub.json") == [
        (7, "dub.example.net/_root", "it is the page of the domain itself, which has no slug")
    ]


def test_dubs_csv() -> None:
    found = links("dub.csv")
    assert found["dub.example.net/launch"].apps == Apps(ios="https://apps.example.com/ios")
    old = found["dub.example.net/Old"]
    assert (old.paused, old.rules) == (
        True,
        (NewRule(when=Conditions(country=("DE",)), to="https://shop.example.com/de"),),
    )
    assert unusable("dub.csv") == [(4, "dub.example.net/locked", "it has a password, which the export does not say")]
    titles = links("dub-titles.csv")
    assert titles["dub.example.net/launch"].tags == ("spring", "print")
    assert titles["dub.example.net/docs/intro"].paused


def test_chhoto() -> None:
    found = links("chhoto.json")
    assert (found["boat"].destination, found["boat"].label, found["boat"].expires_at_ms) == (
        "https://lake.example.com/boats",
        "at the pier",
        None,
    )
    assert left_out(found["boat"]) == set()
    assert found["boat"].history == (PastScans(12),) and found["season_25"].history == ()
    assert found["season_25"].expires_at_ms == 1924992000000


def test_a_csv_of_ones_own() -> None:
    found = links("csv.csv")
    assert (found["Bar.Menu"].paused, found["Bar.Menu"].expires_at_ms) == (True, 1924992000000)
    assert found["Bar.Menu"].tags == ("doors", "bar")
    assert unusable("csv.csv") == [
        (5, "", "'' is not a short link"),
        (6, "bad-time", "expires_at: 'soon' is not a time"),
    ]


def entries(folder: Path, content: str, name: str | None = None) -> list[Any]:
    file = folder / "export"
    file.write_text(content)
    return list(Export(file, name).entries())


@pytest.mark.parametrize(
    ("content", "slugs"),
    [
        ("a,https://e.com/1\nb,https://e.com/2\n", ["a", "b"]),
        ("https://e.com/1;a\nhttps://e.com/2;b\n", ["a", "b"]),
        ("https://s.org/a,https://e.com/1\n", ["s.org/a"]),
        ("link,https://e.com/url,7\n", ["link"]),
        ("7,a,https://e.com/1\n", None),
        ("https://s.org/a\n", None),
        ("a,https://e.com/1,title,DE\n", None),
        ("a,e.com\n", None),
        ("", None),
        ("a,https://e.com/?x=1;2;3\n", ["a"]),
        ("slug,destination\na,https://e.com/1\n", ["a"]),
        ("\n\n slug , Destination\na,https://e.com/1\n", ["a"]),
    ],
)
@pytest.mark.parametrize("name", [None, "csv"])
def test_no_first_row_is_swallowed(tmp_path: Path, content: str, slugs: list[str] | None, name: str | None) -> None:
    if slugs is None:
        with pytest.raises(UnreadableFile):
            entries(tmp_path, content, name)
        return
    assert [str(key) for one in entries(tmp_path, content, name) for key in one.keys] == slugs


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_table_without_names_is_nobodys_but_yourls(tmp_path: Path, name: str) -> None:
    row = '"poster","https://e.com/1","Title","2024-02-03 04:05:06","203.0.113.9","311","plugin\'s"\n'
    if name == "yourls":
        [found] = entries(tmp_path, row, name)
        assert isinstance(found.found, Link)
        assert left_out(found.found) == {"the time it was made", "column 7"}
    else:
        with pytest.raises(UnreadableFile):
            entries(tmp_path, row, name)


def test_a_comma_without_quotes_makes_no_other_destination(tmp_path: Path) -> None:
    [found] = entries(tmp_path, "slug,destination\na,https://e.com/?q=1,2\n")
    assert "more cells than there are columns" in found.found


@pytest.mark.parametrize("tags", ["red, blue", "red|blue", "red;blue", '["red", "blue"]'])
def test_a_list_is_written_in_many_ways(tmp_path: Path, tags: str) -> None:
    [found] = entries(tmp_path, f"slug\tdestination\ttags\na\thttps://e.com/\t{tags}\n")
    assert found.found.tags == ("red", "blue")


def test_what_nobody_reads_is_named(tmp_path: Path) -> None:
    content = "slug,destination,Owner,Color,Flag\na,https://e.com/1,Ann,red,0\nb,https://e.com/2,,,false\n"
    first, second = entries(tmp_path, content)
    assert left_out(first.found) == {"owner", "color"}
    assert left_out(second.found) == set()


def test_several_answers_are_one_export_and_a_missing_page_is_said(tmp_path: Path) -> None:
    page = (EXPORTS / "kutt.json").read_text()
    for content in (page + page, f"[{page},{page}]", page.replace("\n", " ") + "\n" + page):
        assert len(entries(tmp_path, content)) == 6
    assert Export(EXPORTS / "yourls-stats.json").missing == 38
    assert Export(EXPORTS / "kutt.json").missing == 0
    lines = '{"shortlink":"a","longlink":"https://e.com/"}\n{"shortlink":"b","longlink":"https://e.com/"}\n'
    assert [str(one.keys[0]) for one in entries(tmp_path, lines)] == ["a", "b"]


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
        (b'{"message":"Please log in","errorCode":"403"}', "no list of links"),
    ],
)
def test_what_is_no_export_is_refused_with_the_reason(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "export"
    file.write_bytes(content)
    with pytest.raises(UnreadableFile, match=says):
        Export(file)


@pytest.mark.parametrize("depth", [100_000, 900])
def test_deeply_nested_json_is_refused_in_words(tmp_path: Path, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    file = tmp_path / "deep.json"
    for text in (nested, f'[{{"slug": "a", "destination": "https://example.com/", "tags": {nested}}}]'):
        file.write_text(text)
        with suppress(UnreadableFile):
            assert list(Export(file, "csv").entries())
    own = tmp_path / "own.ndjson"
    own.write_text(f'{{"is":"waymark","format":1}}\n{{"is":"static","code":{{"content":{{"a":{nested}}}}}}}\n')
    with pytest.raises(export_import.UnreadableExport, match="line 2"):
        list(export_import.read_lines(own))


@given(st.text(alphabet='slug,destination\n"|;{}[]:https/.ü\x00 ', max_size=80), st.sampled_from(sorted(FORMATS)))
def test_no_text_is_more_than_unreadable(text: str, name: str) -> None:
    file = Path(os.environ.get("TMPDIR", "/tmp")) / f"waymark-export-{os.getpid()}"
    file.write_text(text)
    try:
        assert all(isinstance(one.found, Link | str) for one in Export(file, name).entries())
    except UnreadableFile:
        pass
    finally:
        file.unlink()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("https://example.com/"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("shortUrl", "shortCode", "longUrl", "meta", "redirectRules", "deviceLongUrls", "visitsSummary"),
                *("domain", "key", "url", "geo", "testVariants", "testCompletedAt", "ios", "password", "tags"),
                *("link", "custom_bitlinks", "long_url", "is_deleted", "address", "target", "source", "keyword"),
            ]
        ),
        JSON,
        max_size=6,
    ),
    st.sampled_from(sorted(FORMATS)),
)
def test_no_entry_is_more_than_unusable(entry: dict[str, Any], name: str) -> None:
    file = Path(os.environ.get("TMPDIR", "/tmp")) / f"waymark-entry-{os.getpid()}"
    file.write_bytes(msgspec.json.encode([entry]))
    try:
        assert all(isinstance(one.found, Link | str) for one in Export(file, name).entries())
    except UnreadableFile:
        pass
    finally:
        file.unlink()
