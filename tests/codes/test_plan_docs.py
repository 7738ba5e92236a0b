"""docs/plans.md says what plans.toml does."""

import re
from pathlib import Path

from redis.asyncio import Redis

from codes.plan_limits import needs_counting
from codes.plans import known

PAGE = (Path(__file__).parents[2] / "docs" / "plans.md").read_text()


def test_every_preset_is_in_the_table() -> None:
    assert set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)) == set(known(None))


def test_the_figures_of_the_table() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    for name, plan in known(None).items():
        figures = {plan.creations_per_hour, plan.active_codes, plan.calls_per_month} - {None}
        assert {
            int(text.replace(",", "")) for text in re.findall(r"\b[\d,]+\b(?! minutes| dynamic)", rows[name])
        } == figures
        assert ("no variants" in rows[name]) != plan.variants
        assert ("no custom domains" in rows[name]) != plan.custom_domains
        assert ("is closed" in rows[name]) != plan.api_access


async def test_the_example_has_every_field(tmp_path: Path, redis: Redis) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "plans.toml"
    path.write_text(text)
    team = known(path)["team"]
    assert all(
        re.search(rf"^{name} = ", text, re.MULTILINE) for name in set(team.__struct_fields__) - {"name", "texts"}
    )
    assert team.says("active_codes", limit=50) == "Our plan team has 50 codes. Ask in room 12."
    assert await needs_counting(redis, team, 1, another=True, active=False)
    assert await needs_counting(redis, team, 1, another=False, active=True)
    # Far from a figure nobody waits for a turn.
    assert not await needs_counting(redis, known(None)["unlimited"], 1, another=True, active=True)
