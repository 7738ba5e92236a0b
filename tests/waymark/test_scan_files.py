"""`waymark export --scans` without a running core: the command opens the warehouse itself."""

import os
import subprocess
from pathlib import Path

import pyarrow.parquet

from codes.code_fields import NewCode
from codes.plans import presets
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes
from codes.workspaces import ensure_workspace
from harness.launcher import WAYMARK
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.api.service import NOW, names_of_the_public, store
from waymark.data_dir import DataDir


async def test_scans_are_written_without_a_core(redis_url: str, tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "data")
    folder.make()
    redis = connect(redis_url)
    codes = Codes(redis, own_hosts=["s.example.net"], plans=presets(), resolver=Resolver(names_of_the_public))
    workspace = (await ensure_workspace(redis, "default")).number
    code = await codes.create(workspace, NewCode(destination="https://example.com/a"))
    await redis.aclose()
    warehouse = Warehouse(folder=folder.warehouse)
    client = warehouse.connect(max_threads=1)
    migrate(client)
    known = {"workspace": workspace, "slug": code.slug}
    store(warehouse, code.birth, (known, {**known, "days_ago": 1}, {**known, "days_ago": 40}, {**known, "kind": "bot"}))
    client.close()

    def exported(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*WAYMARK, "export", "--scans", "--data", str(folder.path), *words]
        env = {**os.environ, "WAYMARK_REDIS_URL": redis_url}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)

    file = tmp_path / "scans.parquet"
    done = exported(str(file), "--from", f"{NOW:%Y-%m}-01", "--kind", "human", "--kind", "bot")
    assert done.returncode == 0, done.stderr
    rows = pyarrow.parquet.read_table(file).to_pylist()
    assert sorted((row["code"], row["kind"]) for row in rows) == [(code.id, kind) for kind in ("bot", "human", "human")]
    assert "3 scans in" in done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    # Nothing that was there is replaced by half a file, or by none.
    refused = exported(str(file), "--timezone", "Mars")
    assert (refused.returncode, "timezone" in refused.stderr) == (1, True)
    assert pyarrow.parquet.read_table(file).num_rows == 3
