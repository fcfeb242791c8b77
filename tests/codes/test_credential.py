"""What may be prepared is what may be read, and it stays small enough for a glance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from healthcode.codes import cbor
from healthcode.codes.credential import (
    LARGEST_NUMBER,
    LONGEST_TEXT,
    BadClaims,
    Claims,
    from_text,
    is_code,
    prepare,
    read,
    to_text,
)
from healthcode.codes.terms import Reference, Shown, Status
from healthcode.kit.clock import SHANGHAI
from tests.codes.making import CARD, HOUR, KEY, NOW, PHONE, SECOND, code, key_id, signed

KID = key_id(KEY)
DAY = timedelta(days=1)

INSTANTS = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
NUMBERS = st.integers(0, LARGEST_NUMBER)
SHOWN = st.builds(
    Shown,
    st.text(min_size=1, max_size=16),
    st.from_regex(r"[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9A-Z]{4}", fullmatch=True),
)
COLOURS = st.sampled_from([Status.VALID, Status.SUSPENDED, Status.RED])


@st.composite
def claims(draw: st.DrawFn) -> Claims:
    issued = draw(INSTANTS)
    card = draw(st.booleans())
    begins = issued + SECOND * draw(st.integers(-86400, 30 * 86400)) if card else None
    longest = 8 * DAY if card else 72 * HOUR
    starts = begins or issued
    least = max(issued - starts, timedelta(0)) // SECOND + 1
    ends = starts + SECOND * draw(st.integers(least, longest // SECOND))
    reference = Reference(draw(NUMBERS), draw(NUMBERS))
    return Claims(issued, ends, reference, draw(COLOURS), draw(SHOWN), begins)


@given(claims())
def test_what_was_prepared_is_read_back(made: Claims) -> None:
    prepared = prepare(made, KID)
    assert prepared.kid == KID
    assert read(prepared.payload) == made
    assert from_text(to_text(prepared.payload)) == prepared.payload


def test_another_library_reads_the_claims_of_the_standards() -> None:
    issued, expires = int(CARD.issued_at.timestamp()), int(CARD.expires_at.timestamp())
    status = {"status_list": {"idx": 1_234_567, "uri": "l/3"}}
    shown = [Status.SUSPENDED, "王*明", "10", "123X"]
    assert cbor2.loads(prepare(CARD, KID).payload) == {
        4: expires, 5: issued, 6: issued, 65535: status, -65537: shown,
    }  # fmt: skip
    assert 5 not in cbor2.loads(prepare(PHONE, KID).payload)


def test_a_credential_stays_as_small_as_it_was_measured() -> None:
    sizes = {
        "phone": replace(PHONE, reference=Reference(999, LARGEST_NUMBER)),
        "card": replace(CARD, reference=Reference(999, LARGEST_NUMBER)),
        "longest name": replace(CARD, shown=Shown("王" * 21 + "*", "10", "123X")),
    }
    bytes_of = {name: len(signed(each)) for name, each in sizes.items()}
    assert bytes_of == {"phone": 153, "card": 159, "longest name": 215}
    versions = {
        name: segno.make_qr(
            code(each), mode="alphanumeric", error="m", boost_error=False
        ).designator
        for name, each in sizes.items()
    }
    assert versions == {"phone": "9-M", "card": "9-M", "longest name": "11-M"}


def shown(**changed: str) -> Shown:
    return replace(PHONE.shown, **changed)


BAD: dict[str, Claims] = {
    "expires as it is issued": replace(PHONE, expires_at=PHONE.issued_at),
    "expires before it is issued": replace(PHONE, expires_at=PHONE.issued_at - SECOND),
    "a phone for more than 72 hours": replace(
        PHONE, expires_at=PHONE.issued_at + 72 * HOUR + SECOND
    ),
    "a card for more than eight days": replace(CARD, expires_at=CARD.issued_at + 8 * DAY + SECOND),
    "a card that ends as it begins": replace(CARD, not_before=CARD.expires_at),
    "a card that ended before it was issued": replace(
        CARD, not_before=CARD.issued_at - DAY, expires_at=CARD.issued_at
    ),
    "a part of a second": replace(PHONE, issued_at=PHONE.issued_at + timedelta(microseconds=1)),
    "a local time": replace(PHONE, issued_at=PHONE.issued_at.astimezone(SHANGHAI)),
    "a time without a zone": replace(PHONE, expires_at=PHONE.expires_at.replace(tzinfo=None)),
    "a card from a part of a second": replace(CARD, not_before=NOW + timedelta(milliseconds=1)),
    "no colour": replace(PHONE, colour=Status.INVALID),
    "a list below nothing": replace(PHONE, reference=Reference(-1, 0)),
    "an index below nothing": replace(PHONE, reference=Reference(0, -1)),
    "an index beyond the database": replace(PHONE, reference=Reference(0, LARGEST_NUMBER + 1)),
    "a list beyond the database": replace(PHONE, reference=Reference(LARGEST_NUMBER + 1, 0)),
    "no name": replace(PHONE, shown=shown(name="")),
    "a name of 65 bytes": replace(PHONE, shown=shown(name="a" * 65)),
    "a name of 22 Chinese characters": replace(PHONE, shown=shown(name="王" * 22)),
    "three of the last four": replace(PHONE, shown=shown(last_four="123")),
    "five of the last four": replace(PHONE, shown=shown(last_four="12345")),
    "a whole number": replace(PHONE, shown=shown(last_four="120101199001011234")),
    "a small letter in the last four": replace(PHONE, shown=shown(last_four="123x")),
    "a kind of one digit": replace(PHONE, shown=shown(document_kind="1")),
    "a kind of three digits": replace(PHONE, shown=shown(document_kind="100")),
    "a kind in letters": replace(PHONE, shown=shown(document_kind="ID")),
    "a kind in other digits": replace(PHONE, shown=shown(document_kind="１０")),
}


@pytest.mark.parametrize("made", BAD.values(), ids=BAD)
def test_claims_that_may_not_be_are_not_prepared(made: Claims) -> None:
    with pytest.raises(BadClaims):
        prepare(made, KID)


@pytest.mark.parametrize(
    "made",
    [
        replace(PHONE, expires_at=PHONE.issued_at + SECOND),
        replace(PHONE, expires_at=PHONE.issued_at + 72 * HOUR),
        replace(CARD, expires_at=CARD.issued_at + 8 * DAY),
        replace(CARD, not_before=NOW + 21 * DAY, expires_at=NOW + 29 * DAY),  # fourth of a supply
        replace(PHONE, shown=shown(name="a" * 64)),
        replace(PHONE, reference=Reference(0, 0)),
        replace(PHONE, reference=Reference(LARGEST_NUMBER, LARGEST_NUMBER)),
    ],
)
def test_a_bound_itself_is_within(made: Claims) -> None:
    assert read(prepare(made, KID).payload) == made


@pytest.mark.parametrize("kid", [b"", b"abc", b"abcde"])
def test_a_key_id_has_four_bytes(kid: bytes) -> None:
    with pytest.raises(BadClaims, match="key id"):
        prepare(PHONE, kid)


def test_what_was_prepared_is_not_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        prepare(PHONE, KID).payload = b""
    with pytest.raises(FrozenInstanceError):
        PHONE.colour = Status.RED


def changed(**members: object) -> dict[object, object]:
    return dict(cbor2.loads(prepare(CARD, KID).payload)) | {
        int(key.removeprefix("claim_").replace("minus_", "-")): value
        for key, value in members.items()
    }


STATUS_LIST = {"idx": 7, "uri": "l/3"}
UNREADABLE: dict[str, object] = {
    "an unknown claim": changed(claim_1="issuer"),
    "an unknown claim beside no card": {
        key: value for key, value in changed(claim_7=b"id").items() if key != 5
    },
    "the key of a later phone": changed(claim_8={1: {}}),
    "an unknown private claim": changed(claim_minus_65538=0),
    "a status without a list": changed(claim_65535={}),
    "a second kind of status": changed(claim_65535={"other": 1, "status_list": STATUS_LIST}),
    "more in a status list": changed(claim_65535={"status_list": STATUS_LIST | {"bits": 2}}),
    "an index in words": changed(claim_65535={"status_list": STATUS_LIST | {"idx": "7"}}),
    "another address": changed(claim_65535={"status_list": STATUS_LIST | {"uri": "https://x/3"}}),
    "an address with zeros before": changed(
        claim_65535={"status_list": STATUS_LIST | {"uri": "l/03"}}
    ),
    "an address in other digits": changed(
        claim_65535={"status_list": STATUS_LIST | {"uri": "l/３"}}
    ),
    "an address with a line after it": changed(
        claim_65535={"status_list": STATUS_LIST | {"uri": "l/3\n"}}
    ),
    "an expiry in words": changed(claim_4="tomorrow"),
    "a beginning in words": changed(claim_5="today"),
    "an expiry outside the calendar": changed(claim_4=2**64 - 1),
    "an issue outside the calendar": changed(claim_6=-(2**64)),
    "three things shown": changed(claim_minus_65537=[0, "王*明", "10"]),
    "five things shown": changed(claim_minus_65537=[0, "王*明", "10", "123X", 1]),
    "a colour that does not exist": changed(claim_minus_65537=[4, "王*明", "10", "123X"]),
    "the colour of nobody": changed(claim_minus_65537=[1, "王*明", "10", "123X"]),
    "a colour below nothing": changed(claim_minus_65537=[-1, "王*明", "10", "123X"]),
    "a kind as number": changed(claim_minus_65537=[0, "王*明", 10, "123X"]),
    "a map shown": changed(claim_minus_65537={1: 0}),
    "a list": [1, 2],
    "a number": 7,
    "nothing": {},
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
def test_claims_that_are_not_exactly_ours_are_not_read(value: object) -> None:
    with pytest.raises(BadClaims):
        read(cbor.encode(value))


@pytest.mark.parametrize("claim", [4, 6, 65535, -65537])
def test_no_claim_may_be_missing(claim: int) -> None:
    rest = {key: value for key, value in changed().items() if key != claim}
    with pytest.raises(BadClaims, match="missing"):
        read(cbor.encode(rest))


def test_claims_in_another_order_are_not_read() -> None:
    turned = dict(reversed(changed().items()))
    assert cbor2.loads(cbor2.dumps(turned)) == changed()
    with pytest.raises(BadClaims, match="out of order"):
        read(cbor2.dumps(turned))


@pytest.mark.parametrize("around", [str.strip, " {}".format, "{} ".format, "\r\n{}\r\n\t ".format])
def test_a_text_is_read_with_what_scanners_put_around_it(around: Callable[[str], str]) -> None:
    data = signed(PHONE)
    assert is_code(around(to_text(data)))
    assert from_text(around(to_text(data))) == data


@pytest.mark.parametrize("text", ["", "JKM1", "jkm1:BB8", "XJKM1:BB8", "JKM2:BB8", "HC1:BB8"])
def test_a_text_without_our_beginning_is_no_code(text: str) -> None:
    assert not is_code(text)
    with pytest.raises(ValueError, match="before it"):
        from_text(text)


def test_a_text_may_not_be_longer_than_any_code() -> None:
    longest = "JKM1:" + "BB8" * ((LONGEST_TEXT - 5) // 3)
    assert len(longest) == LONGEST_TEXT
    assert from_text(longest) == b"AB" * 665
    with pytest.raises(ValueError, match="at most"):
        from_text(longest + "BB8")
