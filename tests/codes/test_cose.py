"""A signature is over exactly what was prepared, in one form, and believed by one rule."""

from __future__ import annotations

import hashlib
import json
import os

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from healthcode.codes import cose
from healthcode.codes.cose import Forged, NotP256, NotSign1, Prepared, read, sign, verify_signature
from tests.codes.making import KEY, OTHER_KEY, PHONE, key_id, signed
from tests.conftest import SHARED
from tests.promises.source import called, house

VECTORS = SHARED / "data" / "vectors" / "ecdsa_secp256r1_sha256_p1363_test.json"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, FIPS 186-4
PREPARED = Prepared(key_id(KEY), b"what was checked")


def by_hand(*, protected: bytes, unprotected: object, payload: object, signature: bytes) -> bytes:
    """The shell as another library writes it."""
    tagged = cbor2.CBORTag(18, [protected, unprotected, payload, signature])
    return cbor2.dumps(tagged)


def test_every_vector_of_wycheproof_is_judged_as_its_authors_judge_it() -> None:
    if not VECTORS.is_file():
        assert "CI" not in os.environ, "CI must have the shared vectors beside the checkout"
        pytest.skip("Wycheproof's vectors lie outside the project; they are not here")
    seen = {"valid": 0, "invalid": 0}
    high = 0
    for group in json.loads(VECTORS.read_text("utf-8"))["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, ec.EllipticCurvePublicKey)
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            good = verify_signature(key, bytes.fromhex(test["msg"]), signature)
            assert good == (test["result"] == "valid"), test["tcId"]
            seen[test["result"]] += 1
            high += good and int.from_bytes(signature[32:], "big") > ORDER // 2
    assert sum(seen.values()) == 262
    assert high == 70


def test_another_library_reads_the_very_shell_that_we_write() -> None:
    data = sign(PREPARED, KEY)
    tagged = cbor2.loads(data)
    protected, unprotected, payload, signature = tagged.value
    assert tagged.tag == 18
    assert cbor2.loads(protected) == {1: -7, 4: PREPARED.kid}
    assert (unprotected, payload, len(signature)) == ({}, PREPARED.payload, 64)
    assert data == by_hand(
        protected=protected, unprotected={}, payload=payload, signature=signature
    )


def test_a_signature_is_over_the_structure_of_the_standard() -> None:
    protected, _, payload, signature = cbor2.loads(sign(PREPARED, KEY)).value
    structure = cbor2.dumps(["Signature1", protected, b"", payload])
    assert verify_signature(KEY.public_key(), structure, signature)


def test_what_is_signed_is_given_out_against_its_key_only() -> None:
    sealed = read(sign(PREPARED, KEY))
    assert sealed.kid == PREPARED.kid
    assert sealed.payload(KEY.public_key()) == PREPARED.payload
    with pytest.raises(Forged):
        sealed.payload(OTHER_KEY.public_key())


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 65535, 65536])
def test_a_payload_of_any_length_comes_back(length: int) -> None:
    data = sign(Prepared(key_id(KEY), bytes(length)), KEY)
    assert read(data).payload(KEY.public_key()) == bytes(length)


def test_signing_again_gives_the_same_bytes() -> None:
    assert sign(PREPARED, KEY) == sign(PREPARED, KEY)


def test_a_key_signs_only_what_was_prepared_for_it() -> None:
    with pytest.raises(ValueError, match="not the one"):
        sign(PREPARED, OTHER_KEY)


def test_what_may_be_signed_is_made_only_where_claims_are_checked() -> None:
    makers = {
        file.name
        for file in house()
        for call in file.calls()
        if called(call).rpartition(".")[2] == "Prepared"
    }
    assert makers == {"codes/credential.py"}


def test_a_high_s_is_as_good_as_a_low_one() -> None:
    data = sign(PREPARED, KEY)
    other = ORDER - int.from_bytes(data[-32:], "big")
    turned = data[:-32] + other.to_bytes(32, "big")
    assert turned != data
    assert read(turned).payload(KEY.public_key()) == PREPARED.payload


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72, 128])
def test_a_signature_is_exactly_64_bytes(length: int) -> None:
    good = sign(PREPARED, KEY)[-64:]
    signature = (good + bytes(64))[:length]
    assert not verify_signature(KEY.public_key(), b"", signature)
    protected = cbor2.dumps({1: -7, 4: PREPARED.kid})
    with pytest.raises(NotSign1):
        read(by_hand(protected=protected, unprotected={}, payload=b"x", signature=signature))


def test_the_same_numbers_in_more_or_fewer_bytes_are_no_signature() -> None:
    """s begins with a zero byte in one signature of 256."""
    datas = (sign(Prepared(key_id(KEY), bytes(length)), KEY) for length in range(2000))
    data = next(each for each in datas if each[-32] == 0)
    protected, _, payload, good = cbor2.loads(data).value
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    assert verify_signature(KEY.public_key(), message, good)
    for signature in (good[:32] + good[33:], good[:32] + b"\0" + good[32:]):
        assert not verify_signature(KEY.public_key(), message, signature)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (0, 1), (1, 0), (ORDER, 1), (1, ORDER), (2**256 - 1, 2**256 - 1)]
)
def test_numbers_outside_the_group_are_no_signature(r: int, s: int) -> None:
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert not verify_signature(KEY.public_key(), b"", signature)


HEADERS: dict[str, object] = {
    "no algorithm": {4: PREPARED.kid},
    "no key id": {1: -7},
    "another algorithm": {1: -35, 4: PREPARED.kid},
    "EdDSA": {1: -8, 4: PREPARED.kid},
    "an algorithm in words": {1: "ES256", 4: PREPARED.kid},
    "a key id of three bytes": {1: -7, 4: b"abc"},
    "a key id of five bytes": {1: -7, 4: b"abcde"},
    "a critical header": {1: -7, 2: [4], 4: PREPARED.kid},
    "a content type": {1: -7, 3: 0, 4: PREPARED.kid},
    "another order": {4: PREPARED.kid, 1: -7},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_any_other_protected_header_is_refused(header: object) -> None:
    with pytest.raises(NotSign1):
        read(
            by_hand(protected=cbor2.dumps(header), unprotected={}, payload=b"", signature=bytes(64))
        )


SHELLS = {
    "no tag": lambda data: data[1:],
    "the tag of COSE_Mac0": lambda data: b"\xd1" + data[1:],
    "the tag in two bytes": lambda data: b"\xd8\x12" + data[1:],
    "the tag of a CWT around it": lambda data: b"\xd8\x3d" + data,
    "an array of three": lambda data: b"\xd2\x83" + data[2:],
    "an unprotected header": lambda data: data[:12] + b"\xa1\x01\x26" + data[13:],
    "a detached payload": lambda data: data[:13] + b"\xf6" + data[-66:],
    "a text as payload": lambda data: data[:13] + b"\x61a" + data[-66:],
    "a length that could be shorter": lambda data: data[:13] + b"\x58\x01a" + data[-66:],
    "an indefinite payload": lambda data: data[:13] + b"\x5f\x41a\xff" + data[-66:],
    "a byte between payload and signature": lambda data: data[:-66] + b"\x00" + data[-66:],
    "a signature that claims another length": lambda data: data[:-66] + b"\x58\x41" + data[-64:],
    "a text as signature": lambda data: data[:-66] + b"\x78\x40" + data[-64:],
    "a byte after the signature": lambda data: data + b"\x00",
    "a byte too few": lambda data: data[:-1],
    "no payload": lambda data: data[:13] + data[-66:],
    "nothing but the start": lambda data: data[:13],
    "start and end overlapping": lambda data: data[:13] + data[-64:],
    "nothing": lambda _data: b"",
}


@pytest.mark.parametrize("changed", SHELLS.values(), ids=SHELLS)
def test_any_other_shell_is_refused(changed: object) -> None:
    with pytest.raises(NotSign1):
        read(changed(signed(PHONE)))


def test_a_key_is_named_by_the_first_bytes_of_its_digest() -> None:
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert cose.key_id(KEY.public_key()) == hashlib.sha256(der).digest()[:4]


def test_a_key_on_another_curve_has_no_id() -> None:
    with pytest.raises(NotP256, match="secp384r1"):
        cose.key_id(ec.derive_private_key(1, ec.SECP384R1()).public_key())
