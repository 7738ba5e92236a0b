import doctest
import re
from pathlib import Path

from tests.pages.screenshots import FOLDER, MOST_BYTES, names

PAGE = Path(__file__).parents[2] / "docs" / "pages.md"


def test_what_the_page_says_is_so() -> None:
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def test_the_page_shows_every_page_in_both_schemes() -> None:
    shown = set(re.findall(r'src="images/pages/([^"]+)"', PAGE.read_text()))
    assert shown >= {f"{name}-{scheme}.png" for name in names() for scheme in ("light", "dark")}
    assert shown == {picture.name for picture in FOLDER.iterdir()}
    assert all(picture.stat().st_size < MOST_BYTES for picture in FOLDER.iterdir())
