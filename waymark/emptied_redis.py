"""Refuse an empty Redis beside stored scans or a change log: the codes are elsewhere or lost, and printed codes would
answer 404.

A wrong Redis URL, a server that cannot see a newer server's files, a half-restored folder: each looks like a first
start. So if Redis has no workspace at all, this looks for what is left of an earlier one.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from redis.asyncio import Redis
from urllib3.exceptions import HTTPError

from codes import workspaces
from codes.change_log.recorder import ChangeLogAway
from codes.change_log.restore import is_interrupted
from infra.warehouse import Warehouse
from ingest.journal_files import segment_path, segments, sources
from schemas.event import decode_event, is_note
from waymark.data_dir import DataDir
from waymark.errors import UserError
from waymark.invocation import called
from waymark.settings import Settings
from waymark.wiring.change_log import records_in

_LOOK_WITHIN_S = 120.0


class Emptied(UserError):
    """Redis is empty and was used; the message says what to do."""


class Unsure(Exception):
    """The warehouse cannot be reached now."""


async def check(settings: Settings, redis: Redis) -> None:
    """Raises Emptied, codes.errors.Unavailable when Redis is away, and Unsure when the warehouse or Kafka is."""
    if await workspaces.any_exist(redis):
        return
    try:
        found = await logged(settings, redis)
    except ChangeLogAway as error:
        raise Unsure(str(error)) from error
    found = found or await asyncio.to_thread(_scans, settings)
    if found is not None:
        raise refusal(found, settings)


async def logged(settings: Settings, redis: Redis) -> str | None:
    """What the change log has of a Redis without workspaces, for the message; None if it has nothing."""
    if await is_interrupted(redis):
        return "some codes of a restore that was interrupted"
    found = await records_in(settings)
    return None if found is None else f"codes in {found}"


def refusal(where: str, settings: Settings) -> Emptied:
    at = "The Redis of WAYMARK_REDIS_URL" if settings.redis_url else f"The Redis of {settings.data}"
    return Emptied(
        f"{at} is empty, but there are {where}: the codes are elsewhere or lost. Point to the Redis that has them, or "
        f"make it whole from the change log: {called()} restore --codes (docs/operations.md). To start afresh and keep "
        f"what there is: {called()} up --new, or {called()} workspace create default --new"
    )


def _scans(settings: Settings) -> str | None:
    """What there is of a Redis that was used, for the message; None if there is nothing."""
    for source in sources(settings.journal_folder):
        if _has_events(settings.journal_folder / str(source)):
            return f"scans in the journals of {settings.journal_folder}"
    if settings.clickhouse_url is not None:
        try:
            client = Warehouse(url=settings.clickhouse_url).connect(timeout_s=10)
            try:
                return "scans in the warehouse of WAYMARK_CLICKHOUSE_URL" if has_scans(client) else None
            finally:
                client.close()
        except (ClickHouseError, HTTPError, OSError) as error:
            raise Unsure(f"the warehouse does not answer: {error}") from error
    folder = DataDir(settings.data).warehouse
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    # A process that opens chDB keeps it open, so a child looks.
    look = [sys.executable, "-P", "-m", "waymark.emptied_redis", str(folder)]
    done = subprocess.run(look, capture_output=True, text=True, timeout=_LOOK_WITHIN_S)  # noqa: S603
    if done.returncode not in (0, 1):
        raise UserError(f"{folder} cannot be read: {done.stderr.strip().splitlines()[-1:]}")
    return f"scans in {folder}" if done.returncode else None


def _has_events(journal: Path) -> bool:
    """Whether it has a scan of a code. (Anybody can scan unknown slugs; those do not count.)"""
    try:
        for number in segments(journal):
            with segment_path(journal, number).open("rb") as file:
                if any(_is_scan(line) for line in file):
                    return True
    except FileNotFoundError:
        # It was stored and deleted meanwhile.
        return False
    return False


def _is_scan(line: bytes) -> bool:
    try:
        return not is_note(line) and decode_event(line).code != 0
    except msgspec.DecodeError:
        return False


def has_scans(client: Client) -> bool:
    """Whether the warehouse has scans of codes."""
    there = client.query("EXISTS TABLE scans").result_rows[0][0]
    return bool(there) and bool(client.query("SELECT 1 FROM scans WHERE code > 0 LIMIT 1").result_rows)


if __name__ == "__main__":
    opened = Warehouse(folder=Path(sys.argv[1])).connect()
    try:
        raise SystemExit(int(has_scans(opened)))
    finally:
        opened.close()
