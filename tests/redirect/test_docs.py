"""What can be set is written down, and the page's examples are true."""

import doctest
from pathlib import Path

import pytest

from redirect.settings import RedirectSettings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["redirect", "scan-decisions", "pages", "kinds"])
def test_examples(page: str) -> None:
    outcome = doctest.testfile(str(DOCS / f"{page}.md"), module_relative=False)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_every_setting_is_on_the_page() -> None:
    text = (DOCS / "redirect.md").read_text()
    assert {name for name in RedirectSettings.__struct_fields__ if f"| `{name}` |" not in text} == set()
