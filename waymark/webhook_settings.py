"""The settings of webhooks and e-mail: a part of `waymark.settings.Settings`."""

from typing import Annotated

import msgspec

from waymark.setting_values import described


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    webhook_key: Annotated[
        str | None,
        described(
            "WAYMARK_WEBHOOK_KEY",
            "What the secrets of webhooks are derived from, 32 characters or more and the same in every process of the "
            "API: a dump of Redis then gives none away. Default: a key that Redis keeps.",
        ),
    ] = None
    webhook_networks: Annotated[
        str | None,
        described(
            "WAYMARK_WEBHOOK_NETWORKS",
            "Comma-separated private networks in which receivers of webhooks may be, also without TLS. Default: none; "
            "receivers are public hosts.",
        ),
    ] = None
    webhook_http: Annotated[
        bool,
        described("WAYMARK_WEBHOOK_HTTP", "`true` lets public receivers of webhooks be asked without TLS (`http://`)."),
    ] = False
    smtp_url: Annotated[
        str | None,
        described(
            "WAYMARK_SMTP_URL",
            "A mail server (`smtp://user:password@host:587`, or `smtps://`) that sends reports by e-mail. Default: "
            "none are sent.",
        ),
    ] = None
    mail_from: Annotated[
        str | None, described("WAYMARK_MAIL_FROM", "The sender of e-mails, as `Waymark <qr@example.com>`.")
    ] = None
