"""The imports between rooms run one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "schemas": set[str](),
    "pages": set[str](),
    "qr": set[str](),
    "infra": {"schemas"},
    "ingest": {"infra", "schemas"},
    "redirect": {"infra", "ingest", "pages", "schemas"},
    "aggregator": {"infra", "ingest", "schemas"},
    "analytics": {"infra", "schemas"},
    "codes": {"infra", "schemas"},
    "api": {"analytics", "codes", "infra", "qr", "schemas"},
}
ROOMS = {*MAY_IMPORT, "waymark", "dashboard", "tests", "bench", "drill", "loadtest"}


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
        if imported(module) & {"waymark", "tests", "bench", "drill", "loadtest"}
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


def test_the_drill_is_outside_and_only_its_command_knows_it() -> None:
    drill = {other for module in (ROOT / "drill").rglob("*.py") for other in imported(module)}
    assert drill <= {"aggregator", "drill", "infra", "schemas", "waymark"}
    knows = {str(path.relative_to(ROOT)) for path in (ROOT / "waymark").rglob("*.py") if "drill" in imported(path)}
    assert knows <= {"waymark/commands/drill.py"}


def test_modules_are_not_too_long() -> None:
    long = {
        f"{module.relative_to(ROOT)}: {lines} lines"
        for room in [*MAY_IMPORT, "waymark", "drill"]
        for module in (ROOT / room).rglob("*.py")
        if (lines := len(module.read_text().splitlines())) > 400
    }
    assert not long
