"""The settings of the change log: a part of `waymark.settings.Settings`."""

from typing import Annotated, Literal

from waymark.setting_values import described
from waymark.webhook_settings import WebhookSettings


class ChangeLogSettings(WebhookSettings, frozen=True, kw_only=True):
    changes: Annotated[
        Literal["on", "off"],
        described(
            "WAYMARK_CHANGES",
            "The change log, a second copy of every code and edit from which `waymark restore --codes` makes a lost "
            "Redis whole: in Kafka, or without it in the data folder.",
        ),
    ] = "on"
    changes_kept: Annotated[
        int,
        described(
            "WAYMARK_CHANGES_KEPT",
            "How far `waymark restore --codes --at` can go back (`30d`, or seconds).",
            ge=0,
        ),
    ] = 30 * 86400
