"""Settings: from the environment and flags, with errors that name the variable; and all of them documented."""

import re
from pathlib import Path
from typing import Any

import pytest

from waymark.settings import SETTINGS, BadSetting, environment, read

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()


def test_a_flag_wins_over_the_environment_and_an_empty_variable_is_not_set() -> None:
    found = read(
        {"WAYMARK_API_PORT": "9000", "WAYMARK_WORKERS": "3", "WAYMARK_SHORT_URL": ""}, api_port=9001, workers=None
    )
    assert (found.api_port, found.workers, found.short_url) == (9001, 3, None)
    assert found.short_base == "http://localhost:8001"
    assert found.api_base == "http://localhost:9001"


def test_the_data_folder_comes_out_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read({}).data == tmp_path / "data"
    assert read({}).journal_folder == tmp_path / "data" / "journal"
    assert read({"WAYMARK_JOURNAL": "here"}).journal_folder == tmp_path / "here"
    assert read({}).files_folder == tmp_path / "data" / "files"
    assert read({"WAYMARK_FILES": "there"}).files_folder == tmp_path / "there"


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("WAYMARK_STALE_MAX", "24h", "stale_max", 86400),
        ("WAYMARK_STALE_MAX", "90", "stale_max", 90),
        ("WAYMARK_STALE_MAX", "2 d", "stale_max", 172800),
        ("WAYMARK_JOURNAL_MAX", "2GiB", "journal_max", 2 << 30),
        ("WAYMARK_JOURNAL_MAX", "1048576", "journal_max", 1 << 20),
        ("WAYMARK_UNKNOWN_PER_SECOND", "0.5", "unknown_per_second", 0.5),
    ],
)
def test_sizes_and_durations(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(read({name: text}), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WAYMARK_API_PORT", "http"),
        ("WAYMARK_API_PORT", "70000"),
        ("WAYMARK_WORKERS", "0"),
        ("WAYMARK_STALE_MAX", "1 fortnight"),
        ("WAYMARK_STALE_MAX", "-1"),
        ("WAYMARK_JOURNAL_MAX", "10"),
        ("WAYMARK_LOG_FORMAT", "xml"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=name):
        read({name: text})


def test_a_key_that_is_too_short_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as error:
        read({"WAYMARK_BOOTSTRAP_KEY": "hush"})
    assert "WAYMARK_BOOTSTRAP_KEY" in str(error.value)
    assert "hush" not in str(error.value)


def test_a_bucket_is_checked_and_its_secret_not_repeated() -> None:
    with pytest.raises(BadSetting, match="WAYMARK_FILES_BUCKET") as error:
        read({"WAYMARK_FILES_BUCKET": "https://key:hush@bucket"})
    assert "hush" not in str(error.value)


def test_a_child_reads_the_same_settings() -> None:
    settings = read(
        {"WAYMARK_STALE_MAX": "1h", "WAYMARK_LOG_FORMAT": "json", "WAYMARK_GEO_DATABASE": "/geo.mmdb"},
        data="/d",
        workers=2,
    )
    assert read(environment(settings)) == settings


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.env)
def test_every_setting_is_documented_with_its_default(setting: Any) -> None:
    row = re.search(rf"^\| `{setting.env}` \|(.+)\|(.+)\|$", PAGE, re.MULTILINE)
    assert row is not None, f"docs/settings.md does not document {setting.env}"
    if setting.field == "data":
        assert "`./data`" in row[1]
    elif setting.default is None:
        assert row[1].strip() == ""
    else:
        written = re.search(r"`(.+?)`", row[1])
        assert written is not None
        assert getattr(read({setting.env: written[1]}), setting.field) == setting.default


def test_no_documented_setting_is_unknown() -> None:
    documented = set(re.findall(r"^\| `(WAYMARK_\w+)`", PAGE, re.MULTILINE))
    assert documented == {setting.env for setting in SETTINGS}
