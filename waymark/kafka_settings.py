"""The settings of Kafka: a part of `waymark.settings.Settings`. (A struct has one base: the parts are a chain.)"""

from pathlib import Path
from typing import Annotated, Literal

from waymark.change_log_settings import ChangeLogSettings
from waymark.setting_values import described


class KafkaSettings(ChangeLogSettings, frozen=True, kw_only=True):
    kafka_bootstrap: Annotated[
        str | None,
        described(
            "WAYMARK_KAFKA_BOOTSTRAP", "Kafka brokers (`host:port,host:port`) that carry scans to the warehouse."
        ),
    ] = None
    kafka_topic: Annotated[str, described("WAYMARK_KAFKA_TOPIC", "The Kafka topic of scans.", min_length=1)] = (
        "waymark-scans"
    )
    kafka_group: Annotated[
        str,
        described(
            "WAYMARK_KAFKA_GROUP", "The consumer group of the aggregators: one group for one warehouse.", min_length=1
        ),
    ] = "waymark-aggregator"
    kafka_security: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        described("WAYMARK_KAFKA_SECURITY", "How brokers are spoken to: with TLS (`SSL`), a user (`SASL`), or both."),
    ] = "PLAINTEXT"
    kafka_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"],
        described("WAYMARK_KAFKA_MECHANISM", "How the user is shown to the brokers, with SASL."),
    ] = "PLAIN"
    kafka_user: Annotated[
        str | None, described("WAYMARK_KAFKA_USER", "The user, with SASL; the client id with `OAUTHBEARER`.")
    ] = None
    kafka_password: Annotated[
        str | None, described("WAYMARK_KAFKA_PASSWORD", "The user's password; the client's secret with `OAUTHBEARER`.")
    ] = None
    kafka_token_url: Annotated[
        str | None,
        described("WAYMARK_KAFKA_TOKEN_URL", "Where `OAUTHBEARER` gets its tokens, by OAuth 2's client credentials."),
    ] = None
    kafka_ca: Annotated[
        Path | None,
        described(
            "WAYMARK_KAFKA_CA", "A file (PEM) of the certificates that brokers' are signed by. Default: the system's."
        ),
    ] = None
    kafka_cert: Annotated[
        Path | None, described("WAYMARK_KAFKA_CERT", "Our certificate (PEM), where brokers ask for one.")
    ] = None
    kafka_key: Annotated[
        Path | None,
        described("WAYMARK_KAFKA_KEY", "The key (PEM) of that certificate. Default: it is in the certificate's file."),
    ] = None
