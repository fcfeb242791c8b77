"""Whatever is read has an outcome with a name, and nothing unsigned ever has a colour.

Seeded: the same texts every time. Some mutants are signed again with a real key, since the others
all die at the signature and would say nothing about what stands behind it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from healthcode.codes import base45, cbor, cose, credential
from healthcode.codes.credential import PREFIX, SURROUNDING, prepare, to_text
from healthcode.codes.terms import Outcome, Reading, Reference, Shown, Status
from healthcode.codes.verify import verify
from tests.codes.making import CARD, HOUR, ISSUERS, KEY, NOW, PHONE, STRANGE_KEY, code, key_id

MUTANTS = 10_000
SLOTS = [*Status, None]
LATER = {Outcome.NOT_FRESH, Outcome.SEEN_BEFORE}  # of bound codes
NOTHING_BELIEVED = {
    Outcome.NOT_A_CODE, Outcome.UNREADABLE, Outcome.UNKNOWN_ISSUER, Outcome.FORGED,
}  # fmt: skip
SIGNING = ECDSA(SHA256(), deterministic_signing=True)
CLAIMS = [
    PHONE,
    CARD,
    replace(PHONE, colour=Status.RED),
    replace(CARD, shown=Shown("a" * 64, "20", "ABCD")),
]
GENUINE = [code(each) for each in CLAIMS]
PAYLOADS = [prepare(each, key_id(KEY)).payload for each in CLAIMS]
HEADER = cbor.encode({1: -7, 4: key_id(KEY)})
HUGE = [
    bytes([major << 5 | 27]) + length.to_bytes(8, "big")
    for major in range(8)
    for length in (2**32, 2**63, 2**64 - 1)
]

Dice = random.Random
Mutation = Callable[[Dice], str]


def resigned(payload: bytes, header: bytes = HEADER) -> str:
    """A code whose signature is genuine, over whatever header and payload."""
    structure = cbor.encode(["Signature1", header, b"", payload])
    r, s = decode_dss_signature(KEY.sign(structure, SIGNING))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    items = (header, {}, payload, signature)
    return to_text(b"\xd2\x84" + b"".join(map(cbor.encode, items)))


def spoil(dice: Dice, data: bytes) -> bytes:
    """One to three flips, removals, insertions, repetitions or cuts."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(changed) + 1)
        end = at + dice.randint(1, 4)
        match dice.choice(["flip", "set", "remove", "insert", "repeat", "huge", "cut"]):
            case "flip":
                changed[at:end] = bytes(each ^ 1 << dice.randrange(8) for each in changed[at:end])
            case "set":
                changed[at : at + 1] = dice.randbytes(1)
            case "remove":
                del changed[at:end]
            case "insert":
                changed[at:at] = dice.randbytes(dice.randint(1, 4))
            case "repeat":
                changed[at:at] = changed[at:end]
            case "huge":
                changed[at : at + dice.choice([0, 9])] = dice.choice(HUGE)
            case _:
                del changed[at + dice.randrange(len(changed) + 1) :]
    return bytes(changed)


def any_value(dice: Dice, depth: int = 0) -> cbor.Value:
    kind = dice.randrange(4 if depth > 4 else 6)
    if kind == 0:
        return dice.choice([0, 1, 2, 3, 4, 23, 24, 2**31, 2**63, 2**64 - 1]) - dice.choice([0, 5])
    if kind == 1:
        return dice.randrange(2 ** dice.randint(1, 64)) - dice.choice([0, 2**40])
    if kind == 2:
        return dice.randbytes(dice.randrange(20))
    if kind == 3:
        return dice.choice(["", "l/3", "status_list", "10", "123X", "王*明", "\U0001f600" * 17])
    if kind == 4:
        return [any_value(dice, depth + 1) for _ in range(dice.randrange(5))]
    keys = [4, 5, 6, 65535, -65537, "status_list", "idx", "uri", dice.randrange(70_000)]
    chosen = dice.sample(keys, dice.randrange(6))
    return {key: any_value(dice, depth + 1) for key in chosen}


# Not signed again: none of these may ever be believed.


def changed_characters(dice: Dice) -> str:
    text = list(dice.choice(GENUINE))
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text))
        letter = dice.choice(base45.ALPHABET + "abcz_é王\n\t\x00\ud800\U0001f600")
        match dice.choice(["set", "remove", "insert", "repeat", "swap", "lower"]):
            case "set":
                text[at] = letter
            case "remove":
                del text[at]
            case "insert":
                text.insert(at, letter)
            case "repeat":
                text[at:at] = text[at : at + dice.randint(1, 9)]
            case "swap":
                text[at - 1], text[at] = text[at], text[at - 1]
            case _:
                text[at] = text[at].lower()
    return "".join(text)


def changed_bytes(dice: Dice) -> str:
    return to_text(spoil(dice, credential.from_text(dice.choice(GENUINE))))


def cut_short(dice: Dice) -> str:
    text = dice.choice(GENUINE)
    return text[: dice.randrange(len(text))]


def cut_in_front(dice: Dice) -> str:
    text = dice.choice(GENUINE)
    return dice.choice(["", PREFIX]) + text[dice.randrange(1, len(text)) :]


def crossed(dice: Dice) -> str:
    one, other = (credential.from_text(text) for text in dice.sample(GENUINE, 2))
    at = dice.choice([13, len(one) - 64, dice.randrange(len(one))])
    return to_text(one[:at] + other[at - len(one) :])


def of_a_stranger(dice: Dice) -> str:
    return code(dice.choice(CLAIMS), STRANGE_KEY)


def with_another_signature(dice: Dice) -> str:
    return to_text(credential.from_text(dice.choice(GENUINE))[:-64] + dice.randbytes(64))


def any_cbor(dice: Dice) -> str:
    return to_text(cbor.encode(any_value(dice)) + dice.choice([b"", dice.randbytes(3)]))


def any_bytes(dice: Dice) -> str:
    start = credential.from_text(GENUINE[0])[: dice.randrange(30)]
    return to_text(start + dice.randbytes(dice.randrange(300)))


def any_text(dice: Dice) -> str:
    ranges = [0x7F, 0x2FF, 0xFFFF, 0x10FFFF]
    letters = (chr(dice.randint(0, dice.choice(ranges))) for _ in range(dice.randrange(40)))
    return dice.choice(["", PREFIX, " \r\n" + PREFIX]) + "".join(letters)


def extreme(dice: Dice) -> str:
    size = 10 ** dice.randint(0, 5)
    return dice.choice([
        "", " " * size, PREFIX, PREFIX * size, "0" * size, PREFIX + "0" * size,
        PREFIX + " " * size, dice.choice(GENUINE) * 2, to_text(b"\x81" * min(size, 1300)),
        to_text(b"\xa1\x01" * min(size, 650)), to_text(dice.choice(HUGE) + bytes(80)),
        to_text(credential.from_text(GENUINE[0])[:13] + dice.choice(HUGE) + bytes(66)),
    ])  # fmt: skip


# Signed again with the real key: what stands behind the signature must hold by itself.


def resigned_bytes(dice: Dice) -> str:
    return resigned(spoil(dice, dice.choice(PAYLOADS)))


def resigned_header(dice: Dice) -> str:
    return resigned(dice.choice(PAYLOADS), spoil(dice, HEADER))


def resigned_values(dice: Dice) -> str:
    claims = dict(cbor.decode(dice.choice(PAYLOADS)))
    key = dice.choice([*claims, 5, 1, 8, -65538])
    match dice.choice(["drop", "any", "near", "inside"]):
        case "drop":
            claims.pop(key, None)
        case "near" if isinstance(claims.get(key), int):
            claims[key] += dice.choice([-1, 1]) * dice.choice([1, 60, 86400, 10**9, 2**63])
        case "inside":
            shown = list(claims[-65537])
            shown[dice.randrange(4)] = any_value(dice)
            claims[-65537] = shown
        case _:
            claims[key] = any_value(dice)
    return resigned(cbor.encode(claims))


def resigned_order(dice: Dice) -> str:
    """The same pairs in another order or one of them twice, and now and then as they were."""
    claims = cbor.decode(dice.choice(PAYLOADS))
    pairs = [cbor.encode(key) + cbor.encode(value) for key, value in claims.items()]
    if dice.randrange(8):
        dice.shuffle(pairs)
    pairs += dice.choices(pairs, k=dice.randrange(2))
    return resigned(cbor.head(cbor.MAP, len(pairs)) + b"".join(pairs))


def resigned_cbor(dice: Dice) -> str:
    nested = dice.choice([b"\x81", b"\xa1\x01", *HUGE]) * dice.choice([1, 8, 60])
    return resigned(dice.choice([nested, cbor.encode(any_value(dice))]))


def resigned_claims(dice: Dice) -> str:
    """Claims that may be: other slots, other times."""
    made = dice.choice(CLAIMS)
    shift = dice.choice([-100, 0, 0, 0, 1]) * HOUR
    return code(
        replace(
            made,
            reference=Reference(dice.randrange(100), dice.randrange(10**6)),
            issued_at=made.issued_at + shift,
            expires_at=made.expires_at + shift,
        )
    )


UNSIGNED: list[Mutation] = [
    changed_characters, changed_bytes, cut_short, cut_in_front, crossed, of_a_stranger,
    with_another_signature, any_cbor, any_bytes, any_text, extreme,
]  # fmt: skip
RESIGNED: list[Mutation] = [
    resigned_bytes, resigned_header, resigned_values, resigned_order, resigned_cbor,
    resigned_claims,
]  # fmt: skip


def read(text: str, *, document_seen: bool) -> Reading:
    return verify(
        text,
        issuers=ISSUERS,
        now=NOW,
        status=lambda reference: SLOTS[reference.index % len(SLOTS)],
        document_seen=document_seen,
    )


def check_what_is_believed(text: str, found: Reading) -> None:
    """What was read is exactly what could have been prepared, and nothing else is shown."""
    assert (found.shown is None) == (found.outcome in NOTHING_BELIEVED), text
    if found.shown is None:
        return
    sealed = cose.read(credential.from_text(text))
    payload = sealed.payload(KEY.public_key())
    assert prepare(credential.read(payload), sealed.kid).payload == payload


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 32))]
)
def test_every_mutant_has_an_outcome_and_no_unsigned_one_is_believed(seed: int) -> None:
    seen: dict[Mutation, Counter[Outcome]] = {each: Counter() for each in UNSIGNED + RESIGNED}
    dice = Dice(seed)
    for number in range(MUTANTS):
        mutation = (UNSIGNED + RESIGNED)[number % len(seen)]
        text = mutation(dice)
        found = read(text, document_seen=number % 2 == 0)
        seen[mutation][found.outcome] += 1
        if mutation in UNSIGNED and text.strip(SURROUNDING) not in GENUINE:
            assert found.outcome in NOTHING_BELIEVED, text
        check_what_is_believed(text, found)
    assert set(Outcome) - LATER == set().union(*seen.values())
    assert seen[of_a_stranger].keys() == {Outcome.UNKNOWN_ISSUER}
    assert seen[with_another_signature].keys() == {Outcome.FORGED}
    assert Outcome.FORGED in seen[changed_bytes]
    # Otherwise these would not have come past the signature.
    for mutation in (resigned_bytes, resigned_values, resigned_claims, resigned_order):
        assert Outcome.FORGED not in seen[mutation]
        assert seen[mutation].keys() & {Outcome.GREEN, Outcome.ORANGE, Outcome.RED}


def test_the_genuine_codes_are_read() -> None:
    assert {read(text, document_seen=True).outcome for text in GENUINE} <= {
        Outcome.GREEN, Outcome.ORANGE, Outcome.RED, Outcome.LIST_TOO_OLD,
    }  # fmt: skip
