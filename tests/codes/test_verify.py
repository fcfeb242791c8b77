"""Each outcome, and that the first that applies is the one that is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, derive_private_key

from healthcode.codes import cose
from healthcode.codes.cose import NotP256
from healthcode.codes.credential import Claims, from_text, to_text
from healthcode.codes.terms import Outcome, Reading, Reference, Status
from healthcode.codes.verify import Issuer, verify
from tests.codes.making import (
    CARD,
    DEMO_KEY,
    HOUR,
    ISSUERS,
    KEY,
    NOW,
    OTHER_KEY,
    PHONE,
    SECOND,
    STRANGE_KEY,
    code,
    issuer,
    key_id,
    outcome,
    reading,
    signed,
    signed_payload,
    trusting,
)

EVERY_SLOT = [None, *Status]


def spoilt(text: str) -> str:
    """The code with another signature."""
    data = bytearray(from_text(text))
    data[-1] ^= 1
    return to_text(bytes(data))


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        (Status.VALID, Outcome.GREEN),
        (Status.SUSPENDED, Outcome.ORANGE),
        (Status.RED, Outcome.RED),
        (Status.INVALID, Outcome.REVOKED),
        (None, Outcome.LIST_TOO_OLD),
    ],
)
@pytest.mark.parametrize("at_issue", [Status.VALID, Status.SUSPENDED, Status.RED])
def test_the_live_slot_decides_whatever_the_colour_at_issue(
    slot: Status | None, expected: Outcome, at_issue: Status
) -> None:
    text = code(replace(PHONE, colour=at_issue))
    whose = (PHONE.shown, PHONE.issued_at, PHONE.expires_at)
    assert reading(text, slot=slot) == Reading(expected, *whose)


def test_the_slot_asked_for_is_the_one_in_the_code() -> None:
    asked: list[Reference] = []

    def status(reference: Reference) -> Status:
        asked.append(reference)
        return Status.VALID

    verify(code(PHONE), issuers=ISSUERS, now=NOW, status=status)
    assert asked == [PHONE.reference]


def test_no_slot_is_asked_for_before_the_code_is_believed_and_in_its_time() -> None:
    def never(_reference: Reference) -> Status:
        raise AssertionError("asked")

    for text, now in (
        ("", NOW), ("JKM1:", NOW), (code(PHONE, STRANGE_KEY), NOW), (spoilt(code(PHONE)), NOW),
        (to_text(signed_payload(b"")), NOW), (code(PHONE), PHONE.expires_at),
    ):  # fmt: skip
        verify(text, issuers=ISSUERS, now=now, status=never)


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "JKM1", "jkm1:00", "HC1:6BF", "https://example.org", "120101"]
)  # fmt: skip
def test_what_does_not_begin_as_ours_is_not_a_code(text: str) -> None:
    assert reading(text) == Reading(Outcome.NOT_A_CODE)


@pytest.mark.parametrize(
    "text", ["JKM1:", "JKM1:0", "JKM1:00", "JKM1:GGW", "JKM1:bb8", "JKM1:王", "JKM1:%69 VD92EX0"]
)  # fmt: skip
def test_what_begins_as_ours_and_goes_on_otherwise_is_unreadable(text: str) -> None:
    assert reading(text) == Reading(Outcome.UNREADABLE)


def test_a_long_text_is_refused_without_being_looked_through() -> None:
    assert outcome("JKM1:" + "0" * 5_000_000) == Outcome.UNREADABLE
    assert outcome("0" * 5_000_000) == Outcome.NOT_A_CODE
    assert outcome(" " * 5_000_000) == Outcome.NOT_A_CODE


def test_white_space_around_a_code_does_no_harm() -> None:
    assert outcome(f" \t{code(PHONE)}\r\n ") == Outcome.GREEN
    assert outcome(f"{code(PHONE)}\u00a0") == Outcome.UNREADABLE
    assert outcome(f"{code(PHONE)}\n{code(PHONE)}") == Outcome.UNREADABLE


def test_a_key_that_nobody_trusts_is_an_unknown_issuer() -> None:
    assert reading(code(PHONE, STRANGE_KEY)) == Reading(Outcome.UNKNOWN_ISSUER)
    assert outcome(code(PHONE), issuers={}) == Outcome.UNKNOWN_ISSUER


def test_another_trusted_key_is_not_the_one_that_is_named() -> None:
    payload = cose.read(signed(PHONE))._payload
    named = signed_payload(payload, STRANGE_KEY)
    renamed = named.replace(key_id(STRANGE_KEY), key_id(KEY))
    assert reading(to_text(renamed)) == Reading(Outcome.FORGED)
    swapped = signed(PHONE, OTHER_KEY).replace(key_id(OTHER_KEY), key_id(KEY))
    assert reading(to_text(swapped)) == Reading(Outcome.FORGED)


def test_the_signature_of_another_code_does_not_fit() -> None:
    one, other = signed(PHONE), signed(CARD)
    assert reading(to_text(one[:-64] + other[-64:])) == Reading(Outcome.FORGED)


def test_a_code_that_names_another_algorithm_is_unreadable() -> None:
    protected, _, payload, signature = cbor2.loads(signed(PHONE)).value
    header = cbor2.loads(protected) | {1: -35}
    changed = cbor2.dumps(cbor2.CBORTag(18, [cbor2.dumps(header), {}, payload, signature]))
    assert outcome(to_text(changed)) == Outcome.UNREADABLE


def test_whose_code_it_is_stays_unsaid_until_the_signature_is_believed() -> None:
    assert reading(spoilt(code(PHONE))) == Reading(Outcome.FORGED)
    for slot, now in ((None, NOW), (Status.INVALID, NOW), (Status.VALID, PHONE.expires_at)):
        assert reading(code(PHONE), slot=slot, now=now).shown == PHONE.shown


def test_a_payload_that_an_issuer_should_not_have_signed_is_unreadable() -> None:
    for payload in (b"", b"\xa0", b"\x00", b"\xff", b"\x9f\xff"):
        assert reading(to_text(signed_payload(payload))) == Reading(Outcome.UNREADABLE)


def test_an_issue_at_the_edge_of_the_calendar_is_only_old() -> None:
    claims = cbor2.loads(cose.read(signed(PHONE))._payload) | {4: -62135596799, 6: -62135596800}
    ordered = {key: claims[key] for key in (4, 6, 65535, -65537)}
    assert outcome(to_text(signed_payload(cbor2.dumps(ordered)))) == Outcome.EXPIRED


@pytest.mark.parametrize("claims", [PHONE, CARD])
@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (-61 * SECOND, Outcome.EXPIRED),
        (timedelta(seconds=-60, microseconds=-1), Outcome.EXPIRED),
        (-60 * SECOND, Outcome.GREEN),
        (timedelta(0), Outcome.GREEN),
    ],
)
def test_a_code_counts_from_a_minute_before_its_issue(
    claims: Claims, since: timedelta, expected: Outcome
) -> None:
    made = replace(claims, issued_at=NOW, expires_at=NOW + HOUR)
    if made.not_before:
        made = replace(made, not_before=NOW - HOUR)
    assert outcome(code(made), now=NOW + since, document_seen=True) == expected


@pytest.mark.parametrize("claims", [PHONE, CARD])
def test_a_code_ends_at_the_second_it_says(claims: Claims) -> None:
    ends = claims.expires_at
    assert outcome(code(claims), now=ends - SECOND, document_seen=True) == Outcome.GREEN
    assert outcome(code(claims), now=ends, document_seen=True) == Outcome.EXPIRED
    assert outcome(code(claims), now=ends + 1000 * HOUR, document_seen=True) == Outcome.EXPIRED


def test_a_card_begins_at_the_second_it_says() -> None:
    text = code(replace(CARD, not_before=NOW, issued_at=NOW - HOUR))
    assert outcome(text, now=NOW - SECOND, document_seen=True) == Outcome.EXPIRED
    assert outcome(text, now=NOW, document_seen=True) == Outcome.GREEN


@pytest.mark.parametrize("slot", EVERY_SLOT)
def test_a_card_waits_for_its_document_and_then_for_nothing_else(slot: Status | None) -> None:
    before = outcome(code(CARD), slot=slot)
    after = outcome(code(CARD), slot=slot, document_seen=True)
    assert after == outcome(code(PHONE), slot=slot)
    if slot in (None, Status.INVALID):
        assert before == after
    else:
        assert before == Outcome.CHECK_DOCUMENT


def test_a_phone_needs_no_document_whether_seen_or_not() -> None:
    assert reading(code(PHONE), document_seen=True) == reading(code(PHONE))


def test_a_key_counts_in_its_own_time_only() -> None:
    trusted = trusting(issuer(KEY, not_before=NOW, not_after=NOW + HOUR))
    for now, expected in (
        (NOW - SECOND, Outcome.UNKNOWN_ISSUER),
        (NOW, Outcome.GREEN),
        (NOW + HOUR - SECOND, Outcome.GREEN),
        (NOW + HOUR, Outcome.UNKNOWN_ISSUER),
    ):
        assert outcome(code(PHONE), issuers=trusted, now=now) == expected


def test_a_demo_issuer_counts_where_demos_are_accepted() -> None:
    text = code(PHONE, DEMO_KEY)
    assert reading(text) == Reading(Outcome.UNKNOWN_ISSUER)
    assert outcome(text, accept_demo=True) == Outcome.GREEN
    assert outcome(code(PHONE), accept_demo=True) == Outcome.GREEN


def test_the_first_outcome_that_applies_is_given() -> None:
    """Every fault at once, then one after the other put right."""
    late, gone = CARD.expires_at, {"slot": None, "now": CARD.expires_at}
    text, nobody = spoilt(code(CARD)), trusting()
    steps = [
        outcome("x" + text, issuers=nobody, **gone),
        outcome(text + "x", issuers=nobody, **gone),
        outcome(text, issuers=nobody, **gone),
        outcome(text, **gone),
        outcome(code(CARD), **gone),
        outcome(code(CARD), slot=None),
        outcome(code(CARD), slot=Status.INVALID),
        outcome(code(CARD), slot=Status.RED),
        outcome(code(CARD), slot=Status.RED, document_seen=True),
    ]
    assert late > NOW
    assert steps == [
        Outcome.NOT_A_CODE, Outcome.UNREADABLE, Outcome.UNKNOWN_ISSUER, Outcome.FORGED,
        Outcome.EXPIRED, Outcome.LIST_TOO_OLD, Outcome.REVOKED, Outcome.CHECK_DOCUMENT,
        Outcome.RED,
    ]  # fmt: skip


def test_an_issuer_is_known_by_the_id_of_its_own_key() -> None:
    with pytest.raises(ValueError, match="another id"):
        Issuer(key_id(KEY), "Tianjin", OTHER_KEY.public_key())
    with pytest.raises(NotP256):
        Issuer(b"abcd", "Tianjin", derive_private_key(1, SECP384R1()).public_key())
