"""What goes to an engine by TLS begins with a handshake, and no secret goes to whoever cannot prove its name."""

import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from codes import redis_client
from codes.file_stores import BucketStore
from harness.certificates import self_signed
from infra import s3
from infra.warehouse import Warehouse
from redirect import redis_connection
from tests.servers.listener import listening

HANDSHAKE = 0x16
SECRET = "hush-hush"


async def _redis_of_codes(scheme: str, port: int) -> None:
    redis = redis_client.connect(f"redis{scheme}://:{SECRET}@127.0.0.1:{port}/0")
    try:
        await redis_client.command(redis, "PING")
    finally:
        await redis.aclose()


async def _redis_of_redirectors(scheme: str, port: int) -> None:
    await redis_connection.connect(f"redis{scheme}://:{SECRET}@127.0.0.1:{port}/0")


async def _clickhouse(scheme: str, port: int) -> None:
    Warehouse(url=f"http{scheme}://somebody:{SECRET}@127.0.0.1:{port}/waymark").connect(timeout_s=5)


async def _bucket(scheme: str, port: int) -> None:
    at = s3.bucket(f"http{scheme}://somebody:{SECRET}@127.0.0.1:{port}/bucket")
    BucketStore(at, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)).save("a" * 64 + ".png", io.BytesIO(b"x"), 1)


ENGINES = pytest.mark.parametrize("reach", [_redis_of_codes, _redis_of_redirectors, _clickhouse, _bucket])
Reach = Callable[[str, int], Awaitable[None]]


@ENGINES
async def test_the_first_byte_is_a_handshake(reach: Reach) -> None:
    """`https` to ClickHouse on a port of one's own went out as a POST, with the password in it."""
    for scheme in ("s", ""):
        with listening() as (port, heard), suppress(Exception):
            await reach(scheme, port)
        assert heard and (heard[0][0] == HANDSHAKE) is (scheme == "s"), heard


@ENGINES
async def test_a_certificate_nobody_vouches_for_is_refused(
    reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = self_signed(tmp_path / "self-signed.pem")
    with listening(file) as (port, heard):
        with suppress(Exception):
            await reach("s", port)
        assert not any(heard), heard
        # A certificate of one's own is believed where the system's variable names it.
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with suppress(Exception):
            await reach("s", port)
    assert any(heard)
