"""/readyz names what is missing, and neither addresses nor paths of the machine."""

import asyncio
import json
from pathlib import Path

from aggregator.aggregator import Aggregator, uptime
from aggregator.journal_bus import JournalBus
from api.health import readiness
from infra.warehouse import Warehouse
from tests.aggregator.running import running, until
from waymark import ingest_service, net
from waymark.settings import read
from waymark.wiring import aggregator


async def test_an_aggregator_without_its_bus(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    bus = JournalBus(tmp_path / "file" / "journal", tmp_path / "intents", uptime)
    moving = Aggregator(bus, Warehouse(folder=tmp_path / "warehouse").connect)
    async with running(moving):
        await until(lambda: bool(moving.status()["trouble"]))
        found = await readiness(aggregator.readiness_of(moving))
    assert (found.ready, found.missing) == (False, {"aggregator": "the bus does not answer"})
    assert str(tmp_path) in str(moving.status()["trouble"]), "whoever may ask the core is told"


async def test_ingest_without_kafka(tmp_path: Path) -> None:
    settings = read({"WAYMARK_KAFKA_BOOTSTRAP": "127.0.0.1:1"}, data=tmp_path)
    [*sockets] = net.listen("127.0.0.1", 0, flag="WAYMARK_STATUS_PORT")
    port = sockets[0].getsockname()[1]
    stop = asyncio.Event()
    serving = asyncio.create_task(ingest_service.run(settings, sockets, stop))

    async def asked(path: str) -> tuple[bytes, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return head.split()[1], body.decode()

    try:
        async with asyncio.timeout(30):
            while "does not answer" not in (said := await asked("/readyz"))[1]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert said[0] == b"503"
        assert json.loads(said[1]) == {"ready": False, "missing": {"kafka": "Kafka does not answer"}}
        assert (await asked("/healthz"))[0] == b"200"
        assert "waymark_ingest_connected 0.0" in (await asked("/metrics"))[1]
    finally:
        stop.set()
        assert await serving == 0
