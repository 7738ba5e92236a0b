"""How this machine speaks to Kafka. Loaded only where there is one."""

from ingest.kafka_security import KafkaSecurity
from waymark.settings import BadSetting, Settings


def security(settings: Settings) -> KafkaSecurity:
    return KafkaSecurity(
        protocol=settings.kafka_security,
        mechanism=settings.kafka_mechanism,
        user=settings.kafka_user or "",
        password=settings.kafka_password or "",
        token_url=settings.kafka_token_url or "",
        ca=settings.kafka_ca,
        certificate=settings.kafka_cert,
        key=settings.kafka_key,
    )


def options(settings: Settings) -> dict[str, object]:
    """As aiokafka takes them. Raises BadSetting for files that are no certificates or keys."""
    try:
        return security(settings).options()
    except OSError as error:
        raise BadSetting(f"WAYMARK_KAFKA_CA, WAYMARK_KAFKA_CERT or WAYMARK_KAFKA_KEY: {error}") from None
