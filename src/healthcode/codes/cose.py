"""COSE_Sign1 with ES256 (RFC 9052 §4.2, RFC 9053 §2.1): this one form, and nothing else of COSE.

    18([ << {1: -7, 4: kid} >>, {}, payload, signature ])

The shell is read by fixed position only, and the payload is given out only against a key that
its signature fits. Only what was checked is signed: `sign` takes a `Prepared`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from healthcode.codes import cbor


class Header(IntEnum):
    """Labels of header parameters (RFC 9052 §3.1)."""

    ALGORITHM = 1
    KEY_ID = 4


ES256: Final = -7  # RFC 9053 §2.1
SIGN1_TAG: Final = 18  # RFC 9052 §2
KEY_ID_LENGTH: Final = 4  # a city has a few keys; a longer name makes every code larger
SIGNATURE_LENGTH: Final = 64  # RFC 9053 §2.1: r and s in 32 bytes each
_HALF: Final = SIGNATURE_LENGTH // 2

_HEADER_START: Final = cbor.encode({Header.ALGORITHM: ES256, Header.KEY_ID: bytes(KEY_ID_LENGTH)})[
    :-KEY_ID_LENGTH
]
_PROTECTED_START: Final = cbor.head(cbor.BYTES, len(_HEADER_START) + KEY_ID_LENGTH) + _HEADER_START
_SHELL_START: Final = cbor.head(cbor.TAG, SIGN1_TAG) + cbor.head(cbor.ARRAY, 4) + _PROTECTED_START
_KEY_ID: Final = slice(len(_SHELL_START), len(_SHELL_START) + KEY_ID_LENGTH)
_UNPROTECTED: Final = cbor.encode({})
_PAYLOAD_AT: Final = _KEY_ID.stop + len(_UNPROTECTED)
_SIGNATURE_HEAD: Final = cbor.head(cbor.BYTES, SIGNATURE_LENGTH)
_SIGNATURE_AT: Final = -SIGNATURE_LENGTH
_PAYLOAD_END: Final = _SIGNATURE_AT - len(_SIGNATURE_HEAD)
# RFC 9052 §4.4: ["Signature1", protected, external data, payload]; we have no external data.
_SIGNED_START: Final = cbor.head(cbor.ARRAY, 4) + cbor.encode("Signature1") + _PROTECTED_START
_EXTERNAL: Final = cbor.encode(b"")

# RFC 9053 §2.1: ECDSA should be deterministic (RFC 6979). Signing again gives the same bytes.
_SIGNING: Final = ECDSA(SHA256(), deterministic_signing=True)
_VERIFYING: Final = ECDSA(SHA256())


class NotSign1(ValueError):
    """The bytes are not a COSE_Sign1 of our one form."""


class NotP256(ValueError):
    """The key is on another curve than ES256 has here."""


class Forged(ValueError):
    """The signature does not fit the key."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What may be signed. Made where claims are checked (`credential.prepare`), nowhere else."""

    kid: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A COSE_Sign1 whose signature nobody has looked at: only which key it claims is known."""

    kid: bytes
    _payload: bytes
    _signature: bytes

    def payload(self, public_key: EllipticCurvePublicKey) -> bytes:
        """The payload, once its signature fits the key (RFC 9052 §4.4). Raises Forged."""
        if not verify_signature(public_key, _signed(self.kid, self._payload), self._signature):
            raise Forged("the signature does not fit the key")
        return self._payload


def key_id(public_key: EllipticCurvePublicKey) -> bytes:
    """The `kid` of a key: the first four bytes of SHA-256 of its SubjectPublicKeyInfo in DER.

    Raises NotP256 for a key of another curve.
    """
    if not isinstance(public_key.curve, SECP256R1):
        raise NotP256(f"ES256 here is P-256 only, not {public_key.curve.name}")
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).digest()[:KEY_ID_LENGTH]


def sign(prepared: Prepared, private_key: EllipticCurvePrivateKey) -> bytes:
    """The COSE_Sign1 of what was prepared (RFC 9052 §4.4); ValueError where the key is another."""
    if key_id(private_key.public_key()) != prepared.kid:
        raise ValueError("the key is not the one that this was prepared for")
    message = _signed(prepared.kid, prepared.payload)
    r, s = decode_dss_signature(private_key.sign(message, _SIGNING))
    signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    before = _SHELL_START + prepared.kid + _UNPROTECTED
    return before + cbor.encode(prepared.payload) + cbor.encode(signature)


def read(data: bytes) -> Sealed:
    """A COSE_Sign1 of our one form, by fixed position (RFC 9052 §4.2). Raises NotSign1.

    Nothing of it is believed yet.
    """
    if (
        not data.startswith(_SHELL_START)
        or data[_KEY_ID.stop : _PAYLOAD_AT] != _UNPROTECTED
        or data[_PAYLOAD_END:_SIGNATURE_AT] != _SIGNATURE_HEAD
    ):
        raise NotSign1("this is not the shell that we sign")
    try:
        payload = cbor.decode(data[_PAYLOAD_AT:_PAYLOAD_END])
    except cbor.NotDeterministic:
        raise NotSign1("the payload is not one byte string") from None
    if not isinstance(payload, bytes):
        raise NotSign1("the payload is not one byte string")
    return Sealed(data[_KEY_ID], payload, data[_SIGNATURE_AT:])


def verify_signature(public_key: EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """Whether 64 bytes r‖s are a signature of the message (RFC 9053 §2.1).

    A high s is as good as a low one: COSE asks for neither, and phones' own keys make both.
    """
    if len(signature) != SIGNATURE_LENGTH:
        return False
    r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
    try:
        public_key.verify(encode_dss_signature(r, s), message, _VERIFYING)
    except InvalidSignature:
        return False
    return True


def _signed(kid: bytes, payload: bytes) -> bytes:
    """The Sig_structure: what a signature is over (RFC 9052 §4.4)."""
    return _SIGNED_START + kid + _EXTERNAL + cbor.encode(payload)
