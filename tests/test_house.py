"""The rules of the house: imports between rooms run one way, a word has one meaning, tests stand alone."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "schemas": set[str](),
    "pages": {"schemas"},
    "decisions": {"pages", "schemas"},
    "qr": {"schemas"},
    "infra": {"schemas"},
    "ingest": {"infra", "schemas"},
    "redirect": {"decisions", "infra", "ingest", "pages", "schemas"},
    "aggregator": {"infra", "ingest", "schemas"},
    "analytics": {"infra", "schemas"},
    "codes": {"infra", "schemas"},
    "webhooks": {"analytics", "codes", "infra", "schemas"},
    "api": {"analytics", "codes", "decisions", "infra", "pages", "qr", "schemas", "webhooks"},
}
ROOMS = {*MAY_IMPORT, "waymark", "dashboard", "tests", "bench", "drill", "harness", "loadtest"}

# Rooms whose names do not follow the rules yet; a room that is done leaves the list.
NOT_YET_NAMED = set[str]()
# Test folders in which a test still takes its helpers from another test.
NOT_YET_APART = set[str]()

# One word, one meaning. A place is a link key, a location or a partition and offset; a way is a route or a rule; a
# visit is a scan; an ending is an outcome. The others are metaphors.
FORBIDDEN = {
    "place",
    "places",
    "way",
    "ways",
    "visit",
    "visits",
    "ending",
    "endings",
    "desk",
    "lane",
    "wire",
    "remains",
}
FORBIDDEN |= {"given", "tied", "trouble", "noise"}
# Bare verbs are no names of modules.
FORBIDDEN_MODULES = {
    "asking",
    "borrowing",
    "bring",
    "carry",
    "deleting",
    "finding",
    "making",
    "moving",
    "reading",
    "shown",
}
FORBIDDEN_MODULES |= {"utils", "helpers", "working", "writing"}


def imported(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found & ROOMS


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room: str) -> None:
    wrong = {
        f"{module.relative_to(ROOT)} imports {other}"
        for module in (ROOT / room).rglob("*.py")
        for other in imported(module) - {room} - MAY_IMPORT[room]
    }
    assert not wrong


def test_nothing_imports_the_front_door_or_the_tests() -> None:
    wrong = {
        str(module.relative_to(ROOT))
        for room in MAY_IMPORT
        for module in (ROOT / room).rglob("*.py")
        if imported(module) & {"waymark", "tests", "bench", "drill", "harness", "loadtest"}
    }
    assert not wrong


def test_schemas_opens_nothing() -> None:
    """Shapes and names: no client, no connection, no file."""
    engines = {"aiokafka", "asyncio", "chdb", "clickhouse_connect", "http", "httpx2", "io", "os", "redis", "shutil"}
    engines |= {"socket", "subprocess", "tempfile", "threading"}
    acts = {"open", "read_bytes", "read_text", "write_bytes", "write_text", "mkdir", "unlink"}
    wrong = set()
    for module in (ROOT / "schemas").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names} & engines
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").split(".")[0]} & engines
            elif isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                names = {name} & acts
            wrong |= {f"{module.relative_to(ROOT)}: {name}" for name in names}
    assert not wrong


def test_the_drill_is_outside() -> None:
    drill = {other for module in (ROOT / "drill").rglob("*.py") for other in imported(module)}
    assert drill <= {"aggregator", "drill", "harness", "infra", "ingest", "schemas", "waymark"}
    assert not {str(path.relative_to(ROOT)) for path in (ROOT / "waymark").rglob("*.py") if "drill" in imported(path)}


def modules_imported(module: Path) -> set[str]:
    """Dotted: what each import may name, modules and what is in them."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_dialect_imports_a_dialect() -> None:
    dialects = ROOT / "api" / "dialects"
    names = {path.name for path in dialects.iterdir() if (path / "__init__.py").exists()}
    wrong = {
        f"{module.relative_to(ROOT)} imports {other}"
        for name in names
        for module in (dialects / name).rglob("*.py")
        for other in names - {name}
        if any(one.startswith(f"api.dialects.{other}") for one in modules_imported(module))
    }
    assert len(names) == 4
    assert not wrong


def test_no_test_imports_a_test() -> None:
    """What two tests need is a module of its own, or a fixture."""
    wrong = {
        f"{module.relative_to(ROOT)} imports {one}"
        for module in (ROOT / "tests").rglob("*.py")
        for one in modules_imported(module)
        if re.match(r"tests\.(\w+\.)*test_", one)
    }
    assert not {line for line in wrong if not line.startswith(tuple(NOT_YET_APART))}


def words(name: str) -> set[str]:
    """Of a name; `from_wire` and `to_wire` are what dialects translate with, and no metaphor."""
    name = re.sub(r"(from|to)_wire", "", name)
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize(
    "room", sorted({*MAY_IMPORT, "waymark", "bench", "drill", "harness", "loadtest"} - NOT_YET_NAMED)
)
def test_a_word_has_one_meaning(room: str) -> None:
    wrong = set()
    for module in (ROOT / room).rglob("*.py"):
        path = str(module.relative_to(ROOT))
        if words(module.stem) & (FORBIDDEN | FORBIDDEN_MODULES):
            wrong.add(path)
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and words(node.name) & FORBIDDEN:
                wrong.add(f"{path}: {node.name}")
    assert not wrong


def test_modules_are_not_too_long() -> None:
    long = {
        f"{module.relative_to(ROOT)}: {lines} lines"
        for room in [*MAY_IMPORT, "waymark", "bench", "drill", "harness", "loadtest"]
        for module in (ROOT / room).rglob("*.py")
        if (lines := len(module.read_text().splitlines())) > 400
    }
    assert not long
