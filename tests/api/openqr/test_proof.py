"""`GET /v1/proof`: what a real round of the audit has found, as far as it concerns the workspace that asks."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit.background import Kept, audit_round
from aggregator.audit.evidence import Evidence
from aggregator.audit.rechecks import on_client
from aggregator.erasure import erase
from schemas.proof import Proof
from tests.aggregator import stock
from tests.api.service import Service, conforms


@pytest.fixture
def client(api: Service) -> Iterator[Client]:
    """An empty warehouse: other tests leave scans without sources."""
    client = api.warehouse.connect(max_threads=1)
    stock.empty(client)
    yield client
    stock.empty(client)
    client.close()


class Audit:
    """Rounds over the warehouse, in which each source ends with what is stored of it at its first."""

    def __init__(self, api: Service, client: Client) -> None:
        self._api = api
        self._client = client
        self._kept = Kept()

    def close_all(self, refused: int = 0) -> None:
        rows = self._client.query("SELECT source, max(seq) FROM scans GROUP BY source").result_rows
        for source, last in rows:
            stock.close(self._client, source, last + refused, [(last + 1, last + refused)] if refused else ())

    def round(self) -> Proof:
        self._api.proof = audit_round(
            self._client, Evidence(), self._kept, self._api.clock.ms, rechecks=[on_client(self._client)]
        )
        return self._api.proof


async def read(api: Service, path: str = "/v1/proof") -> dict[str, Any]:
    response = await api.client.get(path)
    await conforms(response)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_before_the_first_round_nothing_is_claimed(api: Service, client: Client) -> None:
    found = await read(api)
    assert (found["verdict"], found["checked_at"], found["scans"]["given_out"]) == ("unknown", None, None)
    assert found["reasons"] == ["nothing is proven yet: the first round of the audit is under way"]


async def test_given_out_is_stored_and_erased_and_refused_by_kind(api: Service, client: Client) -> None:
    code, other = await api.make(), await api.make()
    await api.scanned(code["id"], {}, {"kind": "bot"}, {"outcome": "paused", "workspace": 1}, {})
    await api.scanned(other["id"], {}, {})
    audit = Audit(api, client)
    audit.close_all()
    audit.round()
    found = await read(api)
    assert (found["verdict"], found["reasons"]) == ("green", [])
    assert found["scans"] == {
        "given_out": 6,
        "stored": 6,
        "erased": 0,
        "refused": 0,
        "by_kind": {"human": 4, "bot": 1, "preview": 0, "prefetch": 0},
    }
    assert found["rollups"]["red"] == found["sources"]["red"] == []
    assert found["rollups"]["up_to"] == api.clock().date().isoformat()
    of_code = await read(api, f"/v1/dynamic/{code['id']}/proof")
    assert of_code["scans"]["stored"] == of_code["scans"]["given_out"] == 4
    assert of_code["scans"]["by_kind"]["human"] == 2
    # Erased with a deleted code: still given out.
    workspace = client.query("SELECT any(workspace) FROM scans").result_rows[0][0]
    erase(client, [(workspace, await api.birth(other["id"]))])
    audit.round()
    erased = await read(api)
    assert (erased["verdict"], erased["scans"]["erased"], erased["scans"]["given_out"]) == ("green", 2, 6)
    # Nobody else sees any of it.
    stranger = await api.caller("theirs", "read")
    theirs = (await stranger.get("/v1/proof")).json()
    assert (theirs["verdict"], theirs["scans"]["given_out"]) == ("green", 0)
    assert (await stranger.get(f"/v1/dynamic/{code['id']}/proof")).status_code == 404


async def test_refused_scans_have_no_workspace_so_their_number_is_not_claimed(api: Service, client: Client) -> None:
    code = await api.make()
    await api.scanned(code["id"], {}, {})
    audit = Audit(api, client)
    audit.close_all(refused=3)
    assert audit.round().refused == 6
    found = await read(api)
    assert (found["verdict"], found["scans"]["stored"]) == ("green", 2)
    assert found["scans"]["refused"] is found["scans"]["given_out"] is None


async def test_a_lost_scan_is_red_for_all_and_a_wrong_sum_for_its_workspace(api: Service, client: Client) -> None:
    code, other = await api.make(), await api.make()
    await api.scanned(code["id"], *[{"days_ago": 3}] * 5)
    # (The newest day is compared every ten minutes, the others whenever they change.)
    await api.scanned(other["id"], {"days_ago": 3}, {})
    stranger = await api.caller("theirs", "read")
    audit = Audit(api, client)
    audit.close_all()
    audit.round()
    birth = await api.birth(code["id"])
    stock.change(client, "scans_by_time", "n = n + 1", f"code = {birth}")
    audit.round()
    [red] = api.proof.red_days if api.proof else []
    found = await read(api)
    assert found["verdict"] == "red"
    assert found["rollups"]["red"] == [{"table": "scans_by_time", "day": red.day.isoformat()}]
    assert found["reasons"] == [f"scans_by_time on {red.day}: the sums do not follow from the stored scans"]
    assert (await read(api, f"/v1/dynamic/{code['id']}/proof"))["verdict"] == "red"
    assert (await read(api, f"/v1/dynamic/{other['id']}/proof"))["verdict"] == "green"
    assert (await stranger.get("/v1/proof")).json()["verdict"] == "green"
    stock.change(client, "scans_by_time", "n = n - 1", f"code = {birth}")
    [(source, seq)] = client.query(
        f"SELECT source, max(seq) FROM scans WHERE code = {birth} GROUP BY source LIMIT 1"
    ).result_rows
    stock.remove(client, "scans", f"source = {source} AND seq = {seq}")
    audit.round()
    for found in (await read(api), (await stranger.get("/v1/proof")).json()):
        assert (found["verdict"], found["sources"]["red"]) == ("red", [source])
        assert f"source {source}: not every scan is stored exactly once" in found["reasons"]
        assert found["scans"]["given_out"] is None
        assert "missing" not in str(found), "how many is for the operator to know"


async def test_what_could_not_be_read_is_said_without_addresses(api: Service, client: Client) -> None:
    proof = Audit(api, client).round()
    said = ("register: Redis does not answer (Error 111 connecting to 10.1.2.3:6379)",)
    api.proof = msgspec.structs.replace(proof, unreached=said)
    found = await read(api)
    assert (found["verdict"], found["reasons"]) == (
        "unknown",
        ["not all of the evidence could be read in the last round"],
    )
    api.proof = proof
    assert (await read(api))["verdict"] == "green"
