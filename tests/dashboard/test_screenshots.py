"""The pictures of the dashboard in the docs: each view, and no more bytes than a clone should bear."""

import re
from pathlib import Path

from tests.dashboard.screenshots import FOLDER, MOST_BYTES, MOST_IN_ALL, SHOTS, file_of

PAGE = Path(__file__).parents[2] / "docs" / "dashboard.md"


def test_the_page_shows_every_picture() -> None:
    shown = set(re.findall(r'(?:src|srcset)="images/dashboard/([^"]+)"', PAGE.read_text()))
    assert shown == {file_of(shot, look) for shot in SHOTS for look in shot.looks}
    sizes = {picture.name: picture.stat().st_size for picture in FOLDER.iterdir()}
    assert shown == sizes.keys(), "run `make screenshots`"
    assert max(sizes.values()) <= MOST_BYTES
    assert sum(sizes.values()) <= MOST_IN_ALL
