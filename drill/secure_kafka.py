"""A broker that lets in who may: by TLS with a certificate, or by TLS and SASL with a user's password.

What ends and starts a broker again, and what looks whether it answers, uses its plain listener.
"""

from pathlib import Path
from typing import Literal

from drill.kafka import KafkaServer
from harness.certificates import self_signed
from harness.ports import free_ports

Kind = Literal["tls", "scram"]
USER = "waymark"
PASSWORD = "a-password-of-the-tests"
_LOGINS = {
    "plain": f'plain.PlainLoginModule required user_{USER}="{PASSWORD}"',
    "scram-sha-256": "scram.ScramLoginModule required",
    "scram-sha-512": "scram.ScramLoginModule required",
    "oauthbearer": f'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="{USER}"',
}


class SecureKafka(KafkaServer):
    """`waymark` are the settings for the listener of its kind; the other one is there, too."""

    def __init__(self, folder: Path, kind: Kind = "scram") -> None:
        folder.mkdir(parents=True)
        sasl, tls = free_ports(2)
        self.kind = kind
        self.sasl, self.tls = f"127.0.0.1:{sasl}", f"127.0.0.1:{tls}"
        # Its own, and what clients trust and show.
        self.certificate = self_signed(folder / "certificate.pem")
        super().__init__(folder, more=self._listeners(), users={USER: PASSWORD})

    def _listeners(self) -> str:
        """Who connects by SASL_SSL needs no certificate, by SSL one."""
        places = ("PLAINTEXT://127.0.0.1:{broker}", "CONTROLLER://127.0.0.1:{controller}")
        listeners = ",".join((*places, f"SASL_SSL://{self.sasl}", f"SSL://{self.tls}"))
        return "\n".join(
            [
                f"listeners={listeners}",
                f"advertised.listeners={listeners}",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
                *(
                    f"ssl.{store}.type=PEM\nssl.{store}.location={self.certificate}"
                    for store in ("keystore", "truststore")
                ),
                "listener.name.ssl.ssl.client.auth=required",
                f"sasl.enabled.mechanisms={','.join(_LOGINS).upper()}",
                *(
                    f"listener.name.sasl_ssl.{name}.sasl.jaas.config=org.apache.kafka.common.security.{login};"
                    for name, login in _LOGINS.items()
                ),
            ]
        )

    @property
    def waymark(self) -> dict[str, str]:
        certificate = str(self.certificate)
        if self.kind == "tls":
            return {
                "WAYMARK_KAFKA_BOOTSTRAP": self.tls,
                "WAYMARK_KAFKA_SECURITY": "SSL",
                "WAYMARK_KAFKA_CA": certificate,
                "WAYMARK_KAFKA_CERT": certificate,
            }
        return {
            "WAYMARK_KAFKA_BOOTSTRAP": self.sasl,
            "WAYMARK_KAFKA_SECURITY": "SASL_SSL",
            "WAYMARK_KAFKA_MECHANISM": "SCRAM-SHA-512",
            "WAYMARK_KAFKA_USER": USER,
            "WAYMARK_KAFKA_PASSWORD": PASSWORD,
            "WAYMARK_KAFKA_CA": certificate,
        }
