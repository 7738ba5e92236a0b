"""Settings: from the environment and flags, with errors that name the variable; and all of them documented."""

import re
from pathlib import Path
from typing import Any

import pytest

from waymark.settings import SETTINGS, BadSetting, environment, read, unknown

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
        ("WAYMARK_WAREHOUSE_FREE", "2GiB", "warehouse_free", 2 << 30),
        ("WAYMARK_WAREHOUSE_FREE", "0", "warehouse_free", 0),
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
        ("WAYMARK_CLICKHOUSE_CLUSTER", "prod'; DROP"),
        ("WAYMARK_CLICKHOUSE_CLUSTER", "without_a_server"),
        ("WAYMARK_CLICKHOUSE_QUORUM", "most"),
        ("WAYMARK_CLICKHOUSE_QUORUM", "0"),
        ("WAYMARK_DATA", "/dev/null"),
        ("WAYMARK_HOST", "http://0.0.0.0"),
        ("WAYMARK_SHORT_URL", "go.example.com"),
        ("WAYMARK_SHORT_URL", "https:/go.example.com"),
        ("WAYMARK_SHORT_URL", "https://me@go.example.com"),
        ("WAYMARK_SHORT_URL", "https://go.example.com/?x="),
        ("WAYMARK_SHORT_URL", "https://gö.example"),
        ("WAYMARK_API_URL", "https://api.example.com:99999"),
        ("WAYMARK_API_PORT", "8001"),
        ("WAYMARK_REDIS_URL", "localhost:6379"),
        ("WAYMARK_REDIS_SERVER", "/nowhere/redis-server"),
        ("WAYMARK_REDIS_REPLICA_URL", "http://localhost"),
        ("WAYMARK_REDIS_REPLICA_URL", "redis+sentinel://localhost/main"),
        ("WAYMARK_KAFKA_BOOTSTRAP", "kafka://k:9092"),
        ("WAYMARK_KAFKA_TOPIC", "a topic"),
        ("WAYMARK_CLICKHOUSE_URL", "clickhouse://localhost:9000"),
        ("WAYMARK_JOURNAL", "/dev/null"),
        ("WAYMARK_FILES", "/dev/null"),
        ("WAYMARK_FONTS", "/nowhere"),
        ("WAYMARK_PLANS", "/nowhere"),
        ("WAYMARK_DEFAULT_PLAN", "golden"),
        ("WAYMARK_DOMAIN_TARGET", "https://go.example.com"),
        ("WAYMARK_DNS_SERVERS", "dns.example"),
        ("WAYMARK_CORS_ORIGINS", "app.example.com"),
        ("WAYMARK_CORS_ORIGINS", "https://app.example.com/"),
        ("WAYMARK_CORS_ORIGINS", "https://app.example.com:443"),
        ("WAYMARK_CORS_ORIGINS", "https://App.example.com"),
        ("WAYMARK_CORS_ORIGINS", "https://app.example.com,*"),
        ("WAYMARK_CORS_ORIGINS", "null"),
        ("WAYMARK_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("WAYMARK_EDGE", "akamai"),
        ("WAYMARK_GEO_DATABASE", "/nowhere.mmdb"),
        ("WAYMARK_GEO_DATABASE", __file__),
        ("WAYMARK_BOOTSTRAP_KEY", "changeme"),
        ("WAYMARK_BOOTSTRAP_KEY", "changeme " * 5),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(name: str, text: str) -> None:
    with pytest.raises(BadSetting) as error:
        read({name: text})
    [line] = str(error.value).splitlines()
    assert line.startswith((f"{name} cannot be used: ", f"{name}={text!r} cannot be used: ", "WAYMARK_REDIRECT_PORT"))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BadSetting) as error:
        read({"WAYMARK_WORKERS": "none", "WAYMARK_SHORT_URL": "go.example.com", "WAYMARK_EDGE": "akamai"})
    lines = str(error.value).splitlines()
    assert [re.split("[ =]", line)[0] for line in lines] == ["WAYMARK_WORKERS", "WAYMARK_SHORT_URL", "WAYMARK_EDGE"]


def test_a_replica_of_a_cluster_is_refused() -> None:
    replica = {"WAYMARK_REDIS_REPLICA_URL": "redis://near"}
    with pytest.raises(BadSetting, match=r"WAYMARK_REDIS_REPLICA_URL cannot be used: .* a cluster"):
        read({"WAYMARK_REDIS_URL": "redis+cluster://far", **replica})
    assert read({"WAYMARK_REDIS_URL": "redis+sentinel://far/main", **replica}).redis_replica_url == "redis://near"


def test_what_is_no_setting_is_told_with_the_nearest_name() -> None:
    lines = unknown(
        {"WAYMARK_SHORTURL": "x", "WAYMARK_TEST_ALL": "1", "WAYMARK_DATA": "d", "WAYMARK_Q": "", "PATH": ""}
    )
    assert len(lines) == 2
    assert "WAYMARK_Q" in lines[0] and "meant" not in lines[0]
    assert "WAYMARK_SHORTURL" in lines[1] and "WAYMARK_SHORT_URL" in lines[1]


def test_a_key_that_is_too_short_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as error:
        read({"WAYMARK_BOOTSTRAP_KEY": "hush"})
    assert "WAYMARK_BOOTSTRAP_KEY" in str(error.value)
    assert "hush" not in str(error.value)


def test_a_bucket_is_checked_and_its_secret_not_repeated() -> None:
    with pytest.raises(BadSetting, match="WAYMARK_FILES_BUCKET") as error:
        read({"WAYMARK_FILES_BUCKET": "https://key:hush@bucket"})
    assert "hush" not in str(error.value)


def test_a_child_reads_the_same_settings(tmp_path: Path) -> None:
    settings = read(
        {"WAYMARK_STALE_MAX": "1h", "WAYMARK_LOG_FORMAT": "json", "WAYMARK_FONTS": str(tmp_path)},
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
