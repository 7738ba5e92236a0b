"""The lines of an export: one JSON object each, told apart by their field `is`."""

from datetime import date

import msgspec

from codes.history import Entry
from codes.scheduled_exports import ScheduledExport
from schemas.branding import Branding
from schemas.code import (
    ApiKey,
    Code,
    DeletedCode,
    Erasure,
    Folder,
    Report,
    SavedStyle,
    SharedView,
    StaticCode,
    Workspace,
)
from schemas.route import Route
from schemas.webhook import Endpoint


class _Line(msgspec.Struct, frozen=True, tag_field="is", omit_defaults=True):
    """One line; the subclass's name in lower case is in its field `is`."""


class Header(_Line, frozen=True, tag="waymark"):
    """The first line."""

    format: int


class WorkspaceLine(_Line, frozen=True, tag="workspace"):
    workspace: Workspace


class KeyLine(_Line, frozen=True, tag="key"):
    key: ApiKey


class FolderLine(_Line, frozen=True, tag="folder"):
    folder: Folder


class ExportLine(_Line, frozen=True, tag="export"):
    """`next` is a day of the period that it writes next."""

    export: ScheduledExport
    next: date


class ReportLine(_Line, frozen=True, tag="report"):
    report: Report


class StyleLine(_Line, frozen=True, tag="style"):
    style: SavedStyle


class SharedViewLine(_Line, frozen=True, tag="shared_view"):
    view: SharedView


class WebhookLine(_Line, frozen=True, tag="webhook"):
    webhook: Endpoint


class BrandingLine(_Line, frozen=True, tag="branding"):
    workspace: int
    branding: Branding


class CodeLine(_Line, frozen=True, tag="code"):
    code: Code
    version: int
    # Scans of its limit that are used up.
    used: int = 0
    # What was changed of it, the earliest first.
    history: tuple[Entry, ...] = ()


class StaticLine(_Line, frozen=True, tag="static"):
    code: StaticCode


class TombstoneLine(_Line, frozen=True, tag="tombstone"):
    host: str
    slug: str
    route: Route


class ErasureLine(_Line, frozen=True, tag="erasure"):
    erasure: Erasure


class DeletedCodeLine(_Line, frozen=True, tag="remains"):
    deleted_code: DeletedCode = msgspec.field(name="remains")


class End(_Line, frozen=True, tag="end"):
    """The last line: how many there are before it, and the counters, read after all else."""

    lines: int
    numbers: int
    workspaces: int


Line = (
    Header
    | WorkspaceLine
    | KeyLine
    | FolderLine
    | ReportLine
    | StyleLine
    | SharedViewLine
    | ExportLine
    | WebhookLine
    | BrandingLine
    | CodeLine
    | StaticLine
    | TombstoneLine
    | ErasureLine
    | DeletedCodeLine
    | End
)
