"""What a service depends on, as metrics: engines, disks, and certificates that it shows to engines or knows them by.

Waymark ends no TLS itself: the certificates of public addresses belong to the proxy in front, which renews them.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from cryptography import x509

from infra import disks, engine_urls
from infra.disks import Room
from infra.exposition import Reading
from waymark.data_dir import DataDir
from waymark.settings import Settings

ENGINES = frozenset({"redis", "kafka", "warehouse"})


class Surroundings:
    """`saw` takes whether a part answered when it was last asked (`waymark.status.keep_watched`); `warehouse` tells the
    room on the warehouse's disk, where a server has it."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        certificates: Mapping[str, Path],
        warehouse: Callable[[], Room | None] = lambda: None,
    ) -> None:
        self._up: dict[str, bool] = {}
        self._folders = folders
        self._certificates = certificates
        self._warehouse = warehouse

    def saw(self, part: str, up: bool) -> None:
        if part in ENGINES:
            self._up[part] = up

    def readings(self) -> Mapping[str, Reading]:
        rooms = disks.room(self._folders)
        if (told := self._warehouse()) is not None:
            rooms["warehouse"] = told
        return {
            "waymark_engine_up": {(engine,): up for engine, up in self._up.items()},
            **disks.readings(rooms),
            "waymark_certificate_end_time_seconds": {
                (name,): end for name, path in self._certificates.items() if (end := end_of(path)) is not None
            },
        }


def folders(settings: Settings, *, journals: bool, data: bool = True) -> dict[str, Path]:
    """The folders of a service, by name."""
    found = {}
    if data:
        found["data"] = settings.data
        if settings.files_bucket is None:
            found["files"] = settings.files_folder
        if settings.exports is not None:
            found["exports"] = settings.exports
    if data and settings.clickhouse_url is None:
        found["warehouse"] = DataDir(settings.data).warehouse
    if journals:
        found["journal"] = settings.journal_folder
    return found


def certificates(settings: Settings) -> dict[str, Path]:
    """Those that the settings name: ours, and the authorities by which engines are known."""
    named = {"kafka_cert": settings.kafka_cert, "kafka_ca": settings.kafka_ca}
    if settings.redis_url is not None:
        redis = engine_urls.redis(settings.redis_url)
        named["redis_cert"] = Path(redis.certificate) if redis.certificate else None
        named["redis_ca"] = Path(redis.ca) if redis.ca else None
    return {name: path for name, path in named.items() if path is not None}


def end_of(path: Path) -> float | None:
    """When the certificate in a file ends, in Unix time: ours is the first in it, and what follows leads to its
    authority. None if the file cannot be read: then the service says so when it needs it."""
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc.timestamp()
    return None
