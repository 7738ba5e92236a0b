"""Open a journal even when the disk is full, because redirects must not wait for space."""

import asyncio
import errno
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from ingest import ballast
from ingest.journal import Journal
from ingest.journal_files import boot_id
from ingest.register import this_host
from schemas.register import SourceEntry

log = logging.getLogger(__name__)

RETRY_S = 1.0

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DeferredJournal:
    """Replaces a Journal while there is no space to create one. It refuses and counts events until there is; then it
    passes everything to the new journal, and the first refused range of that journal covers those events."""

    def __init__(self, open_it: Callable[[], Journal], source: int, now_ms: Callable[[], int]) -> None:
        self.source = source
        self._open = open_it
        self._now_ms = now_ms
        self._journal: Journal | None = None
        self._early = 0
        self._closed = False

    def append(self, rest: bytes) -> int:
        """As `Journal.append`."""
        if self._journal is not None:
            return self._journal.append(rest)
        self._early += 1
        return 0

    def append_all(self, rests: Sequence[bytes]) -> int:
        """As `Journal.append_all`."""
        if self._journal is not None:
            return self._journal.append_all(rests)
        self._early += len(rests)
        return 0

    def entry(self) -> SourceEntry | None:
        """The register's entry, while there is no file for it."""
        if self._journal is not None or not self._early:
            return None
        said = SourceEntry(self.source, self._early, 0, self._early, "open", self._now_ms(), this_host(), boot_id())
        return msgspec.structs.replace(said, state="closed") if self._closed else said

    @property
    def seq(self) -> int:
        return self._journal.seq if self._journal is not None else self._early

    @property
    def written_seq(self) -> int:
        return self._journal.written_seq if self._journal is not None else 0

    @property
    def refused(self) -> int:
        return self._journal.refused if self._journal is not None else self._early

    @property
    def refusing(self) -> bool:
        return self._journal is None or self._journal.refusing

    @property
    def unsynced(self) -> int:
        return self._journal.unsynced if self._journal is not None else 0

    @property
    def sync_failures(self) -> int:
        return self._journal.sync_failures if self._journal is not None else 0

    async def keep_synced(self, stop: asyncio.Event) -> None:
        """Look for space until the journal exists; from then on as `Journal.keep_synced`."""
        while self._journal is None:
            try:
                async with asyncio.timeout(RETRY_S):
                    await stop.wait()
                    return
            except TimeoutError:
                pass
            try:
                journal = await asyncio.to_thread(self._open)
                # No event comes in between: this thread is the one that appends.
                journal.refused_before(self._early)
            except OSError:
                continue
            self._journal = journal
            log.warning("the disk has room for journal %d; refused so far: %d", self.source, self._early)
        await self._journal.keep_synced(stop)

    def close(self) -> None:
        self._closed = True
        if self._journal is not None:
            self._journal.close()


AnyJournal = Journal | DeferredJournal


def open_journal(folder: Path, *, source: int, now_ms: Callable[[], int], max_bytes: int) -> AnyJournal:
    """As `Journal.open`, but on a full disk it deletes the ballast, and if that is not enough returns a
    DeferredJournal. Raises OSError for any other reason."""
    open_it = partial(Journal.open, folder, source=source, now_ms=now_ms, max_bytes=max_bytes)
    for _ in range(2):
        try:
            return open_it()
        except OSError as error:
            if error.errno not in _FULL:
                raise
            if not ballast.release(folder):
                break
            log.warning("the disk is full: the ballast beside the journals has been given back")
    log.error("the disk has no room for a journal: redirects go on, and events are refused and counted")
    return DeferredJournal(open_it, source, now_ms)
