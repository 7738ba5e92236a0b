"""One running Waymark for all flows; each file has a workspace of its own on it."""

import copy
import json
from collections.abc import Iterator

import pytest

from tests.waymark.running import Up, up


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Its own key is of the workspace `default`, as the printed link."""
    with up(WAYMARK_EXPORTS=str(tmp_path_factory.mktemp("exports"))) as one:
        yield one


@pytest.fixture(scope="module")
def running(server: Up, request: pytest.FixtureRequest) -> Up:
    """With a key of all rights for an empty workspace."""
    name = str(request.module.__name__).rpartition("_")[2]
    for words in (("workspace", "create", name), ("key", "create", "--workspace", name, "--scope", "admin", "--json")):
        done = server.command(*words)
        assert done.returncode == 0, done.stderr
    own = copy.copy(server)
    own.key = json.loads(done.stdout)["key"]
    return own
