"""What is drawn and written by commands is what they draw and write today."""

import re
from pathlib import Path

from bench import performance, readme
from tests.docs import architecture, readme_picture

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_diagram_is_what_make_diagrams_draws() -> None:
    assert architecture.PICTURE.read_text() == architecture.drawn(), "run `make diagrams`"


def test_the_rooms_of_the_diagram_exist() -> None:
    rooms = {room for box in architecture.BOXES for room in box.rooms}
    assert rooms
    assert [room for room in rooms if not (ROOT / room / "__init__.py").exists()] == []


def test_the_figures_of_the_readme_are_the_last_that_were_measured() -> None:
    found = readme.table({name: run.figures for name, run in performance.read().items()})
    assert len(found.splitlines()) == 2 + len(readme.FIGURES)
    assert f"{readme.BEGIN}\n\n{found}\n\n{readme.END}" in README, "run `make figures`"


def test_the_readme_shows_both_pictures_of_it_working() -> None:
    shown = set(re.findall(r'(?:src|srcset)="(docs/images/[\w-]+\.png)"', README))
    assert shown == {f"docs/images/waymark-{scheme}.png" for scheme in readme_picture.SCHEMES}
    assert all((ROOT / name).stat().st_size < readme_picture.MOST_BYTES for name in shown)
