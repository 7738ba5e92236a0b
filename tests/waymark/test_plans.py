"""`waymark workspace plan`, and the settings that plans come from."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codes import replication
from waymark.command import main
from waymark.settings import BadSetting, read


def run(redis_url: str, *words: str, **more: str) -> Result:
    return CliRunner().invoke(main, words, env={"WAYMARK_REDIS_URL": redis_url, **more})


def test_a_workspace_is_moved_and_says_where_it_is(redis_url: str) -> None:
    assert run(redis_url, "workspace", "plan", "default").output == "unlimited\n"
    assert run(redis_url, "workspace", "plan", "default", "openqr").output == "openqr\n"
    assert json.loads(run(redis_url, "workspace", "plan", "default", "--json").output)["plan"] == "openqr"
    assert "openqr" in run(redis_url, "workspace", "list").output
    wrong = run(redis_url, "workspace", "plan", "default", "golden")
    assert wrong.exit_code == 2 and "qr-code-agency-free" in wrong.output
    assert run(redis_url, "workspace", "plan", "nobody", "openqr").exit_code == 1
    assert run(redis_url, "workspace", "plan", "default").output == "openqr\n"


def test_new_workspaces_are_on_the_default_plan(redis_url: str) -> None:
    run(redis_url, "workspace", "create", "shop", WAYMARK_DEFAULT_PLAN="qravio-pro")
    assert run(redis_url, "workspace", "plan", "shop").output == "qravio-pro\n"
    run(redis_url, "workspace", "create", "shop", WAYMARK_DEFAULT_PLAN="openqr")
    assert run(redis_url, "workspace", "plan", "shop").output == "qravio-pro\n"


def test_what_no_replica_has_is_not_called_made(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "WAIT_MS", 1)
    for words in (("workspace", "create", "shop"), ("workspace", "plan", "default", "openqr"), ("key", "create")):
        refused = run(redis_url, *words, WAYMARK_REDIS_REPLICAS="1")
        assert refused.exit_code != 0
        assert "0 of 1 replicas" in refused.output
    # What only looks needs none.
    assert run(redis_url, "workspace", "list", WAYMARK_REDIS_REPLICAS="1").exit_code == 0


def test_plans_of_one_s_own(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "plans.toml"
    path.write_text("[plan.team]\nactive_codes = 5")
    own = {"WAYMARK_PLANS": str(path)}
    assert run(redis_url, "workspace", "plan", "default", "team", **own).output == "team\n"
    assert run(redis_url, "workspace", "plan", "default").output == "team (not known here)\n"
    assert read({**own, "WAYMARK_DEFAULT_PLAN": "team"}).plans == path


def test_an_import_keeps_to_them(redis_url: str, tmp_path: Path) -> None:
    plans, links = tmp_path / "plans.toml", tmp_path / "links.csv"
    plans.write_text("[plan.team]\nactive_codes = 2")
    links.write_text("slug,destination\n" + "".join(f"door-{n},https://93.184.215.14/\n" for n in range(3)))
    own = {"WAYMARK_PLANS": str(plans)}
    run(redis_url, "workspace", "plan", "default", "team", **own)
    counts = json.loads(run(redis_url, "import", str(links), "--json", **own).stdout)
    assert (counts["made"], counts["skipped"]) == (2, 1)


@pytest.mark.parametrize(
    ("text", "plan", "named"),
    [
        ("[plan.team", "unlimited", "WAYMARK_PLANS"),
        ("[plan.a]", "b", "WAYMARK_DEFAULT_PLAN"),
        (None, "a", "WAYMARK_PLANS"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str | None, plan: str, named: str) -> None:
    path = tmp_path / "plans.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadSetting, match=named):
        read({"WAYMARK_PLANS": str(path), "WAYMARK_DEFAULT_PLAN": plan})


def test_tools_without_a_key_are_refused_at_once(redis_url: str) -> None:
    done = run(redis_url, "mcp", WAYMARK_KEY="")
    assert done.exit_code == 2 and "WAYMARK_KEY" in done.output
