"""The documentation is about this tree: its links lead somewhere, and what it tells people to type exists."""

import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from bench import BENCHES
from infra.version import VERSION
from waymark.settings import SETTINGS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
README = (ROOT / "README.md").read_text()

names = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def shell_lines(page: Path) -> list[str]:
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]


def anchor(heading: str) -> str:
    """The name under which a heading can be linked to."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(page: Path) -> set[str]:
    return {anchor(found) for found in re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE)}


@names
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        to = page if not path else page.parent / path
        if not to.exists() or (fragment and fragment not in headings(to)):
            dead.append(target)
    assert not dead


def test_the_index_has_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "README.md").read_text()))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} == linked


def test_the_index_of_decisions_has_each_under_a_subject_with_its_number() -> None:
    folder = DOCS / "decisions"
    listed = re.findall(r"^- \[(\d{4})\]\(([\w-]+\.md)\) \S", (folder / "README.md").read_text(), flags=re.MULTILINE)
    assert {name for _, name in listed} == {page.name for page in folder.glob("*.md")} - {"README.md"}
    assert len(listed) == len({name for _, name in listed})
    assert [name for number, name in listed if not name.startswith(f"{number}-")] == []


def tracked() -> list[Path]:
    """Every text file of the repository but the locks."""
    said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kinds = {"", ".md", ".mjs", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml"}
    paths = [ROOT / name for name in said.split("\0") if name and not name.startswith("requirements")]
    return [path for path in paths if path.suffix in kinds and path.exists()]


def test_no_file_cites_a_page_that_is_not_here() -> None:
    dialects = set(re.findall(r"^(\d+)\. ", (DOCS / "dialects.md").read_text(), flags=re.MULTILINE))
    decisions = {page.name[:4] for page in (DOCS / "decisions").glob("*.md")}
    wrong = set()
    for path in tracked():
        text = path.read_text()
        for name in re.findall(r"(?<![\w/.:-])((?:[\w.-]+/)*[\w-]+\.md)\b", text):
            if not any((folder / name).exists() for folder in (path.parent, ROOT, DOCS)):
                wrong.add(f"{path.relative_to(ROOT)}: {name}")
        for number in re.findall(r"\bdialects\.md\s+(\d+)", text):
            if number not in dialects:
                wrong.add(f"{path.relative_to(ROOT)}: number {number} of docs/dialects.md")
        for number in re.findall(r"\bdecisions/(\d{4})", text):
            if number not in decisions:
                wrong.add(f"{path.relative_to(ROOT)}: decision {number}")
        # Pages that lie outside of the repository: nobody who reads this one has them.
        wrong |= {
            f"{path.relative_to(ROOT)}: {found}" for found in re.findall(r"\b(?:DIALECTS|DESIGN|HOUSE) \d+", text)
        }
    assert not wrong


def test_decisions_have_a_number_of_their_own() -> None:
    pages = [page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md"]
    numbers = [page.name.split("-")[0] for page in pages]
    assert sorted(set(numbers)) == sorted(numbers)
    assert [page.name for page in pages if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)] == []


@names
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    told = set(
        re.findall(r"\bmake ([a-z-]+)\b", "\n".join([*re.findall(r"`([^`]+)`", prose(page)), *shell_lines(page)]))
    )
    assert not told - targets


def test_the_table_of_rooms_is_the_tree() -> None:
    table = README.split("## Where things are")[1].split("\n## ")[0]
    rows = re.findall(r"^\| \[(\w+)/\]\((\w+)\) \|", table, flags=re.MULTILINE)
    assert all(shown == target for shown, target in rows)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {shown for shown, _ in rows} == packages | {"docs"}


def test_every_room_is_installed_but_those_for_developers() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    installed = {name.removesuffix("*") for name in setuptools["packages"]["find"]["include"]}
    developers = {"tests", "bench", "drill", "harness", "loadtest"}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - developers <= installed
    assert not installed & developers


def test_files_the_readme_names_are_there() -> None:
    told = re.findall(r"`((?:\.ci/|docker-compose)[\w./-]*)`", README)
    assert told
    assert [name for name in told if not (ROOT / name).exists()] == []


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert headings[0] == VERSION
    assert headings == sorted(headings, key=lambda each: tuple(map(int, each.split("."))), reverse=True)


@names
def test_no_command_names_a_wheel_of_one_version(page: Path) -> None:
    """It would be another one's after the next."""
    assert [line for line in shell_lines(page) if re.search(r"waymark_server-\d", line)] == []


def test_forge_and_hook_run_what_a_contributor_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert ".ci/run" in [step.get("run") for step in workflow["jobs"]["run"]["steps"]]
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repo["hooks"]] == ["make check"]
    assert "\nmake check &\n" in (ROOT / ".ci" / "run").read_text()


def test_variables_exist() -> None:
    known = {setting.env for setting in SETTINGS}
    known |= set(re.findall(r"\bWAYMARK_\w+", (ROOT / "docker-compose.yml").read_text()))
    # Of the load test and of the tests, which read them themselves.
    known |= {"WAYMARK_KEY", "WAYMARK_TEST_ALL", "WAYMARK_TEST_CLICKHOUSE_URL", "WAYMARK_TEST_WIRE"}
    unknown = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in re.findall(r"\bWAYMARK_\w+", page.read_text())
        if name not in known
    }
    assert not unknown


def test_the_readme_gives_compose_what_it_asks_for() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{(WAYMARK_\w+):\?", compose))
    given = set(re.findall(r"\b(WAYMARK_\w+)=", README))
    assert asked == given & asked
    services = set(
        re.findall(r"^  ([a-z]+):$", compose.split("\nservices:\n")[1].split("\nvolumes:")[0], flags=re.MULTILINE)
    )
    assert set(re.findall(r"docker compose exec ([a-z]+)", README)) <= services


def test_pictures_follow_the_reader_into_the_dark() -> None:
    pictures = list((DOCS / "images").glob("*.svg"))
    assert pictures
    for picture in pictures:
        text = picture.read_text()
        assert "prefers-color-scheme: dark" in text
        assert "<title" in text and "<desc" in text


def test_the_page_about_the_bench_names_every_bench() -> None:
    page = (DOCS / "bench.md").read_text()
    assert [name for name in BENCHES if f"| `{name}` |" not in page] == []


@names
def test_commands_exist(page: Path) -> None:
    from waymark.command import main

    text = "\n".join([*re.findall(r"`(waymark [^`]*)`", prose(page)), *shell_lines(page)])
    unknown = []
    for words in re.findall(r"\bwaymark((?: (?:[a-z]+|--?[a-z-]+)\b)+)", text):
        command: click.Command = main
        for word in words.split():
            if word.startswith("-"):
                options = {name for option in command.params for name in option.opts}
                if word not in options | {"--help", "-h", "--version"}:
                    unknown.append(f"waymark{words}: {word}")
            elif isinstance(command, click.Group):
                found = command.get_command(click.Context(command), word)
                if found is None:
                    unknown.append(f"waymark{words}")
                    break
                command = found
    assert not unknown


def test_the_page_about_the_architecture_names_files_that_are_there() -> None:
    page = (DOCS / "architecture.md").read_text()
    named = set(re.findall(r"`((?:\w+/)+[\w.]*)`", page))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    rows = re.findall(r"^\| where .* \| `", page.split("\n## Find a thing\n")[1], flags=re.MULTILINE)
    assert len(rows) >= 17
