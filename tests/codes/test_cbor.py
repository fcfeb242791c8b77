"""CBOR has one form here: what we write others read, and nothing else is read."""

from __future__ import annotations

import io
import struct
import tracemalloc

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.codes import cbor
from healthcode.codes.cbor import NotDeterministic, decode, encode

NUMBERS = st.integers(-(2**64), 2**64 - 1) | st.integers(-300, 300)
KEYS = NUMBERS | st.text(max_size=30)
LEAVES = NUMBERS | st.binary(max_size=300) | st.text(max_size=30)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(KEYS, inner, max_size=30),
    max_leaves=30,
).filter(lambda value: depth(value) <= cbor._DEEPEST)

ACCEPTED_ELSEWHERE = {
    "an indefinite byte string": "5f4101ff",
    "an indefinite text": "7f6161ff",
    "an indefinite array": "9f01ff",
    "an indefinite map": "bf0102ff",
    "a number in one byte that fits the head": "1817",
    "a number in two bytes that fits one": "190018",
    "a greater number in two bytes that fits one": "1900ff",
    "a number in four bytes that fits two": "1a0000ffff",
    "a number in eight bytes that fits four": "1b00000000ffffffff",
    "a negative number that could be shorter": "3817",
    "a byte string's length that could be shorter": "580101",
    "a text's length that could be shorter": "780161",
    "an array's length that could be shorter": "980101",
    "a map's length that could be shorter": "b8010102",
    "a key twice": "a201010102",
    "keys out of order": "a202010101",
    "keys shortest first, as RFC 7049 orders them": "a2616101190100" + "02",
    "text keys before integers": "a26161010101",
    "a tag": "c11a5e4dfc80",
    "a tag of self-described CBOR": "d9d9f701",
    "a half float": "f93c00",
    "a float": "fa3f800000",
    "a double": "fb3ff0000000000000",
    "not a number": "f97e00",
    "false": "f4",
    "true": "f5",
    "null": "f6",
    "undefined": "f7",
    "a simple value": "e1",
    "a simple value in one byte": "f8ff",
    "a byte string as key": "a1410101",
    "nine arrays inside one another": "81" * 9 + "01",
    "nine maps inside one another": "a101" * 9 + "01",
}
REFUSED_EVERYWHERE = {
    "nothing": "",
    "a reserved form": "1c",
    "a reserved length": "5d",
    "a number that ends too early": "1a0001",
    "a greater number that ends too early": "1affffff",
    "an argument that is missing": "19",
    "a text that is not UTF-8": "61ff",
    "a text with half a surrogate pair": "63eda080",
    "a text with an overlong form": "62c080",
    "a byte string longer than the input": "4201",
    "a text longer than the input": "6261",
    "an array longer than the input": "8201",
    "a map longer than the input": "a101",
    "a map whose keys are longer than the input": "a2010203",
    "a break alone": "ff",
    "an array as key": "a1810101",
}


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def as_other_reads(data: bytes) -> object:
    """The value as cbor2 reads it, which minds no bytes after the end."""
    return cbor2.CBORDecoder(io.BytesIO(data)).decode()


@given(VALUES)
def test_what_we_write_we_read_and_others_read(value: object) -> None:
    data = encode(value)
    assert decode(data) == value
    assert as_other_reads(data) == value


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=30), max_leaves=30))
def test_what_has_no_keys_others_write_the_same(value: object) -> None:
    """With keys cbor2 has no such order: its canonical one is of RFC 7049."""
    assert encode(value) == cbor2.dumps(value)


def test_keys_are_ordered_by_their_bytes_not_by_their_length() -> None:
    value = {"b": 1, 1000: 2, -1: 3, "aa": 4, 10: 5}
    assert encode(value).hex() == "a50a051903e802200361620162616104"
    assert encode(value) != cbor2.dumps(value, canonical=True)


@given(st.binary(max_size=60))
def test_bytes_are_read_only_if_they_are_what_we_write(data: bytes) -> None:
    try:
        value = decode(data)
    except NotDeterministic:
        return
    assert encode(value) == data


@given(VALUES, st.data())
def test_one_changed_byte_is_another_value_or_refused(value: object, draw: st.DataObject) -> None:
    data = bytearray(encode(value))
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    try:
        other = decode(bytes(data))
    except NotDeterministic:
        return
    assert encode(other) == bytes(data)
    assert other != value


@pytest.mark.parametrize("data", ACCEPTED_ELSEWHERE.values(), ids=ACCEPTED_ELSEWHERE)
def test_a_form_that_others_accept_is_refused(data: str) -> None:
    as_other_reads(bytes.fromhex(data))
    with pytest.raises(NotDeterministic):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize("data", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_what_is_no_cbor_at_all_is_refused(data: str) -> None:
    with pytest.raises(NotDeterministic):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize("after", ["00", "ff", "01", "a0"])
def test_bytes_after_the_end_are_refused(after: str) -> None:
    for before in ("01", "a10102", "820102", "6161"):
        assert as_other_reads(bytes.fromhex(before + after)) == decode(bytes.fromhex(before))
        with pytest.raises(NotDeterministic, match="after the end"):
            decode(bytes.fromhex(before + after))


@pytest.mark.parametrize("first", [0x5B, 0x7B, 0x9B, 0xBB])
@pytest.mark.parametrize("length", [2**32, 2**40, 2**63, 2**64 - 1])
def test_a_claimed_length_allocates_nothing(first: int, length: int) -> None:
    data = bytes([first]) + struct.pack(">Q", length) + bytes(100)
    tracemalloc.start()
    try:
        with pytest.raises(NotDeterministic, match="greater than what follows"):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_stack_does_not_grow_by_what_a_stranger_sends() -> None:
    for nested in (b"\x81" * 100_000, b"\xa1\x01" * 100_000, b"\x9b" * 100_000):
        with pytest.raises(NotDeterministic):
            decode(nested)


def test_a_bound_is_read_to_the_last_and_not_beyond() -> None:
    assert decode(encode(2**64 - 1)) == 2**64 - 1
    assert decode(encode(-(2**64))) == -(2**64)
    for value in (2**64, -(2**64) - 1):
        with pytest.raises(ValueError, match="64 bits"):
            encode(value)
    assert decode(bytes.fromhex("81" * 8 + "01")) == [[[[[[[[1]]]]]]]]


@pytest.mark.parametrize("value", [1.0, True, None, {1.5: 1}, {True: 1}, {b"a": 1}, {1, 2}, [None]])
def test_what_we_do_not_use_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    ("data", "value"),
    [  # RFC 8949, appendix A
        ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1a000f4240", 1_000_000),
        ("1b000000e8d4a51000", 10**12), ("1bffffffffffffffff", 2**64 - 1),
        ("3bffffffffffffffff", -(2**64)), ("20", -1), ("3863", -100), ("3903e7", -1000),
        ("40", b""), ("4401020304", b"\1\2\3\4"), ("60", ""), ("6449455446", "IETF"),
        ("63e6b0b4", "水"), ("64f0908591", "\U00010151"), ("80", []), ("8301820203820405",
        [1, [2, 3], [4, 5]]), ("a0", {}), ("a201020304", {1: 2, 3: 4}),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}), ("826161a161626163", ["a", {"b": "c"}]),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard_are_read_and_written(data: str, value: object) -> None:
    assert decode(bytes.fromhex(data)) == value
    assert encode(value).hex() == data
