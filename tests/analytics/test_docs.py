"""The page's example runs, and its table names every module that answers something."""

import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from analytics.query_pool import QueryPool
from analytics.summary import Summary, summary
from infra.warehouse import Warehouse
from tests.analytics import visits

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "analytics.md").read_text()


async def test_the_example_runs(client: Client, warehouse: Warehouse) -> None:
    code, *_ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {
        "QueryPool": QueryPool,
        "Warehouse": Warehouse,
        "summary": summary,
        "datetime": datetime,
        "UTC": UTC,
        "path": warehouse.folder,
        "workspace": 1,
        "code": visits.store(client, []),
    }
    exec(f"async def example():\n{textwrap.indent(code, '    ')}\n    return questions, answer", names)
    questions, answer = await names["example"]()
    await questions.close()
    assert isinstance(answer, Summary) and len(answer.daily) == 30


def test_the_table_has_every_question() -> None:
    answering = {module.name for module in (ROOT / "analytics").glob("*.py")} - {
        *("__init__.py", "query_pool.py", "types.py", "window.py")
    }
    modules = [line.split("|")[2] for line in PAGE.splitlines() if line.count("|") >= 4]
    assert answering == set(re.findall(r"`(\w+\.py)`", " ".join(modules)))
