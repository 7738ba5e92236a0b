"""Share the proof on a cluster: one aggregator makes the rounds of the audit, and all services read what it found."""

import msgspec

from aggregator.audit.evidence_readers import reached
from schemas import keys
from schemas.proof import Proof, decode, encode

# An aggregator that has died leaves the rounds to another after this long. A round that takes longer is made twice.
LEASE_S = 600


class ProofSharing:
    """`name` tells this process from others. All methods raise Unreachable."""

    def __init__(self, redis_url: str, name: str) -> None:
        self._url = redis_url
        self._name = name.encode()

    def may_begin(self) -> bool:
        """Whether this process makes the next round."""
        with reached(self._url, "whose turn the audit is") as server:
            if server.set(keys.PROOF_LEASE, self._name, nx=True, ex=LEASE_S):
                return True
            if server.get(keys.PROOF_LEASE) != self._name:
                return False
            server.expire(keys.PROOF_LEASE, LEASE_S)
            return True

    def publish(self, proof: Proof) -> None:
        with reached(self._url, "proof") as server:
            server.set(keys.PROOF, encode(proof))

    def read(self) -> Proof | None:
        """What was found last, by whichever process."""
        with reached(self._url, "proof") as server:
            raw = server.get(keys.PROOF)
            try:
                return None if raw is None else decode(raw)  # type: ignore[arg-type]
            except msgspec.DecodeError:
                return None
