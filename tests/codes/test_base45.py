"""Base45 is exactly RFC 9285: every text has one meaning, every bytes one text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.codes.base45 import ALPHABET, NotBase45, decode, encode

EXAMPLES = [  # RFC 9285 §4.3 and §4.4
    (b"AB", "BB8"),
    (b"Hello!!", "%69 VD92EX0"),
    (b"base-45", "UJCLQE7W581"),
    (b"ietf!", "QED8WEX0"),
    (b"", ""),
]


def by_definition(data: bytes) -> str:
    """RFC 9285 §4.2, word for word and slow."""
    text = ""
    for at in range(0, len(data), 2):
        number = int.from_bytes(data[at : at + 2], "big")
        for _ in range(3 if len(data) - at > 1 else 2):
            text += ALPHABET[number % 45]
            number //= 45
    return text


@pytest.mark.parametrize(("data", "text"), EXAMPLES)
def test_the_examples_of_the_standard_are_read_and_written(data: bytes, text: str) -> None:
    assert encode(data) == text
    assert decode(text) == data


@given(st.binary(max_size=700))
def test_what_is_written_is_as_the_standard_says_and_read_back(data: bytes) -> None:
    assert encode(data) == by_definition(data)
    assert decode(encode(data)) == data


@given(st.text(alphabet=ALPHABET, max_size=60) | st.text(max_size=12))
def test_a_text_is_read_only_if_it_is_what_we_write(text: str) -> None:
    try:
        data = decode(text)
    except NotBase45:
        return
    assert encode(data) == text


def test_every_pair_and_every_last_byte_has_one_text() -> None:
    for number in range(65536):
        data = number.to_bytes(2, "big")
        assert decode(encode(data)) == data
    read = 0
    for text in map("".join, itertools.product(ALPHABET, repeat=2)):
        try:
            assert encode(decode(text)) == text
            read += 1
        except NotBase45:
            pass
    assert read == 256


def test_no_text_ends_in_a_space_so_a_scanner_may_add_one() -> None:
    assert {encode(n.to_bytes(2, "big"))[-1] for n in range(65536)} == set(ALPHABET[:33])
    assert {encode(bytes([n]))[-1] for n in range(256)} == set(ALPHABET[:6])
    assert " " in ALPHABET[33:]


@pytest.mark.parametrize(
    "text",
    ["BB8\n", "BB8é", "BB８", "bb8", "B_8", "B,8", "B\x008", "BB8\U0001f600", "ſſſ", "B\u00a08"],
)  # fmt: skip
def test_a_character_outside_the_alphabet_is_refused(text: str) -> None:
    with pytest.raises(NotBase45, match="alphabet"):
        decode(text)


def test_every_character_outside_the_alphabet_is_refused() -> None:
    for code in range(0x3000):
        if chr(code) not in ALPHABET:
            with pytest.raises(NotBase45, match="alphabet"):
                decode(f"{chr(code)}B8")


@pytest.mark.parametrize("text", ["B", "BB8B", "BB8BB8B"])
def test_a_length_that_no_bytes_have_is_refused(text: str) -> None:
    with pytest.raises(NotBase45, match="left over"):
        decode(text)


@pytest.mark.parametrize("text", ["GGW", ":::", "BB8GGW", "GGWBB8", "BB8V5", "::", "V5"])
def test_a_group_above_what_its_bytes_can_be_is_refused(text: str) -> None:
    with pytest.raises(NotBase45, match="greater"):
        decode(text)


def test_the_greatest_group_is_read() -> None:
    assert decode("FGW") == b"\xff\xff"
    assert decode("U5") == b"\xff"
