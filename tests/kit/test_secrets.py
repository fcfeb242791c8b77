"""The promises of sealed fields, key rotation and keyed look-ups."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from healthcode.kit.errors import NotReady
from healthcode.kit.secrets import (
    KeyMissing,
    KeyRing,
    MasterKeyMissing,
    MasterKeyRepeated,
    MasterKeys,
    MasterKeysUnset,
    MasterKeyUnreadable,
    Purpose,
    RingUnfit,
    SealBroken,
    WrapBroken,
    WrappedKey,
    new_master_key,
)

PLACE = "people.documents.number"
# Everything that a str can hold, lone surrogates too.
ANY_TEXT = st.text(st.characters(codec=None))

KEY_TEXT = base64.b64encode(bytes(range(32))).decode()
MASTER_TEXT = f"7a3f:{KEY_TEXT}"
MASTERS = MasterKeys.read(MASTER_TEXT)
LOOKUP = MASTERS.new_data_key(1, "lookup")
DATA_2 = MASTERS.new_data_key(2, "data")
DATA_3 = MASTERS.new_data_key(3, "data")
RING = KeyRing(MASTERS, [LOOKUP, DATA_2])
ROTATED = KeyRing(MASTERS, [DATA_3, LOOKUP, DATA_2])


def entry(master_id: str, key: bytes) -> str:
    return f"{master_id}:{base64.b64encode(key).decode()}"


def wrap_by_hand(
    master: bytes, master_id: str, key_id: int, purpose: Purpose, key: bytes
) -> WrappedKey:
    """The layout as written down, without the code under test."""
    nonce = os.urandom(12)
    bound = b"\x01" + key_id.to_bytes(4, "big") + purpose.encode()
    return WrappedKey(key_id, purpose, master_id, nonce + AESGCM(master).encrypt(nonce, key, bound))


def said(error: NotReady) -> str:
    return "\n".join([error.say("zh"), error.say("en"), str(error), repr(error)])


# Sealing


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_opens_where_it_was_sealed(text: str, context: str) -> None:
    assert RING.open(RING.seal(text, context), context) == text


@given(st.text())
def test_the_same_text_never_seals_twice_to_the_same_bytes(text: str) -> None:
    assert RING.seal(text, PLACE) != RING.seal(text, PLACE)


@given(st.text(), st.data(), st.integers(1, 255))
def test_a_change_of_any_byte_is_refused(text: str, data: st.DataObject, change: int) -> None:
    sealed = bytearray(ROTATED.seal(text, PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= change
    with pytest.raises((SealBroken, KeyMissing)):
        ROTATED.open(bytes(sealed), PLACE)


def test_a_value_sealed_under_one_key_is_refused_under_the_number_of_another() -> None:
    sealed = bytearray(RING.seal("120101199001011234", PLACE))
    sealed[4] = 3
    with pytest.raises(SealBroken):
        ROTATED.open(bytes(sealed), PLACE)


@given(st.text(max_size=20), st.data())
def test_a_value_cut_short_is_refused(text: str, data: st.DataObject) -> None:
    sealed = RING.seal(text, PLACE)
    with pytest.raises(SealBroken):
        RING.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], PLACE)


@given(st.text(), st.text(), st.text())
def test_a_value_moved_to_another_place_is_refused(text: str, here: str, there: str) -> None:
    sealed = RING.seal(text, here)
    if here == there:
        there += "2"
    with pytest.raises(SealBroken):
        RING.open(sealed, there)


def test_a_broken_seal_names_the_place_in_both_languages_and_never_the_value() -> None:
    sealed = RING.seal("张三", PLACE)
    with pytest.raises(SealBroken) as caught:
        RING.open(sealed, "people.persons.name")
    for words in (caught.value.say("zh"), caught.value.say("en")):
        assert "people.persons.name" in words
    assert "张三" not in said(caught.value)
    assert caught.value.__cause__ is None


def test_sealed_values_keep_the_layout_that_is_written_down() -> None:
    master, data, lookup = os.urandom(32), os.urandom(32), os.urandom(32)
    ring = KeyRing(
        MasterKeys.read(entry("m1", master)),
        [
            wrap_by_hand(master, "m1", 258, "data", data),
            wrap_by_hand(master, "m1", 1, "lookup", lookup),
        ],
    )
    sealed = ring.seal("张三", PLACE)
    header, nonce, body = sealed[:5], sealed[5:17], sealed[17:]
    assert header == b"\x01\x00\x00\x01\x02"
    assert AESGCM(data).decrypt(nonce, body, header + PLACE.encode()).decode() == "张三"

    message = len(PLACE).to_bytes(4, "big") + PLACE.encode() + "张三".encode()
    assert ring.lookup("张三", PLACE) == hmac.new(lookup, message, hashlib.sha256).digest()


# Rotation of data keys


@given(st.text())
def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(text: str) -> None:
    old = RING.seal(text, PLACE)
    new = ROTATED.seal(text, PLACE)
    assert ROTATED.open(old, PLACE) == ROTATED.open(new, PLACE) == text
    assert (int.from_bytes(old[1:5], "big"), int.from_bytes(new[1:5], "big")) == (2, 3)


def test_only_a_value_under_an_older_key_needs_resealing() -> None:
    old, new = RING.seal("x", PLACE), ROTATED.seal("x", PLACE)
    assert ROTATED.needs_reseal(old)
    assert not ROTATED.needs_reseal(new)
    assert not RING.needs_reseal(old)
    assert not RING.needs_reseal(new), "a ring that is behind must not seal back to an older key"


def test_resealing_everything_lets_the_old_key_go() -> None:
    sealed = ROTATED.seal(ROTATED.open(RING.seal("x", PLACE), PLACE), PLACE)
    assert KeyRing(MASTERS, [LOOKUP, DATA_3]).open(sealed, PLACE) == "x"


def test_a_value_under_a_key_that_is_not_in_the_ring_names_the_key_in_both_languages() -> None:
    with pytest.raises(KeyMissing) as caught:
        RING.open(ROTATED.seal("x", PLACE), PLACE)
    assert "3号数据密钥" in caught.value.say("zh")
    assert "data key 3," in caught.value.say("en")


@pytest.mark.parametrize(
    "keys",
    [[], [LOOKUP], [DATA_2], [DATA_2, DATA_2, LOOKUP], [DATA_2, LOOKUP, replace(LOOKUP, key_id=9)]],
)
def test_a_ring_that_could_not_seal_or_look_up_is_never_made(keys: list[WrappedKey]) -> None:
    with pytest.raises(RingUnfit) as caught:
        KeyRing(MASTERS, keys)
    assert "密钥环" in caught.value.say("zh")
    assert "key ring" in caught.value.say("en")


# Look-ups


@given(ANY_TEXT, ANY_TEXT)
def test_a_lookup_is_32_bytes_and_outlives_rotation(value: str, context: str) -> None:
    first = RING.lookup(value, context)
    assert len(first) == 32
    assert first == RING.lookup(value, context) == ROTATED.lookup(value, context)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_lookups_are_equal_only_for_one_value_in_one_context(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert (RING.lookup(*one) == RING.lookup(*other)) == (one == other)


@given(st.text(), st.text(min_size=1))
def test_text_moved_between_context_and_value_changes_the_lookup(value: str, context: str) -> None:
    assert RING.lookup(value, context) != RING.lookup(context[-1] + value, context[:-1])


def test_another_lookup_key_gives_another_lookup() -> None:
    other = KeyRing(MASTERS, [DATA_2, MASTERS.new_data_key(1, "lookup")])
    assert RING.lookup("x", PLACE) != other.lookup("x", PLACE)


# Master keys


def test_a_rewrapped_key_opens_under_the_new_master_alone() -> None:
    new_text = new_master_key()
    both = MasterKeys.read(f"{new_text}, {MASTER_TEXT}")
    sealed = RING.seal("x", PLACE)
    assert KeyRing(both, [LOOKUP, DATA_2]).open(sealed, PLACE) == "x"

    rewrapped = [both.rewrap(LOOKUP), both.rewrap(DATA_2)]
    assert {key.master_id for key in rewrapped} == {both.current_id}
    alone = KeyRing(MasterKeys.read(new_text), rewrapped)
    assert alone.open(sealed, PLACE) == "x"
    assert alone.lookup("x", PLACE) == RING.lookup("x", PLACE)


def test_rewrapping_twice_changes_nothing_more() -> None:
    both = MasterKeys.read(f"{new_master_key()},{MASTER_TEXT}")
    once = both.rewrap(DATA_2)
    assert both.rewrap(once) == once != DATA_2


def test_a_missing_master_says_so_in_both_languages_without_key_material() -> None:
    other = new_master_key()
    with pytest.raises(MasterKeyMissing) as caught:
        KeyRing(MasterKeys.read(other), [LOOKUP, DATA_2])
    words = said(caught.value)
    assert f"主密钥“{MASTERS.current_id}”" in caught.value.say("zh")
    assert f'master key "{MASTERS.current_id}"' in caught.value.say("en")
    assert other.partition(":")[2] not in words
    assert DATA_2.wrapped.hex() not in words
    with pytest.raises(MasterKeyMissing):
        MasterKeys.read(other).rewrap(DATA_2)


def test_another_key_under_a_known_id_does_not_open_a_wrap() -> None:
    masters = MasterKeys.read(entry(MASTERS.current_id, os.urandom(32)))
    with pytest.raises(WrapBroken) as caught:
        KeyRing(masters, [LOOKUP, DATA_2])
    assert "数据密钥" in caught.value.say("zh")
    assert "Data key 2" in caught.value.say("en")


@pytest.mark.parametrize(
    "changed",
    [
        replace(DATA_2, key_id=4),
        replace(LOOKUP, purpose="data"),
        replace(DATA_2, wrapped=b""),
        replace(DATA_2, wrapped=DATA_2.wrapped[:-1]),
        replace(DATA_2, wrapped=DATA_3.wrapped),
    ],
)
def test_a_wrap_opens_only_under_its_own_number_and_purpose(changed: WrappedKey) -> None:
    with pytest.raises(WrapBroken):
        KeyRing(MASTERS, [LOOKUP, changed])


@pytest.mark.parametrize("text", ["", "  \n"])
def test_no_master_key_says_so_in_both_languages(text: str) -> None:
    with pytest.raises(MasterKeysUnset) as caught:
        MasterKeys.read(text)
    assert "没有设置主密钥" in caught.value.say("zh")
    assert "No master key is set" in caught.value.say("en")


@pytest.mark.parametrize(
    "written",
    [
        KEY_TEXT,
        f":{KEY_TEXT}",
        f"{KEY_TEXT}:0000",
        f"{KEY_TEXT}:{KEY_TEXT}",
        f"{KEY_TEXT[:-1]}:{KEY_TEXT}",
        f"0000:{KEY_TEXT[:-4]}",
        f"0000:{KEY_TEXT[:-1]}",
        f"0000:{KEY_TEXT}{KEY_TEXT}",
        f"0000:密{KEY_TEXT}",
        "0000:",
        "",
    ],
)
def test_an_unreadable_entry_is_named_by_its_position_and_never_echoed(written: str) -> None:
    with pytest.raises(MasterKeyUnreadable) as caught:
        MasterKeys.read(f"{new_master_key()},{written}")
    assert "第2项" in caught.value.say("zh")
    assert "Entry 2" in caught.value.say("en")
    assert KEY_TEXT[:12] not in said(caught.value)


@pytest.mark.parametrize(
    "written", [entry(MASTERS.current_id, b"k" * 32), f"other:{KEY_TEXT}", MASTER_TEXT]
)
def test_an_id_or_a_key_that_stands_twice_is_refused(written: str) -> None:
    with pytest.raises(MasterKeyRepeated) as caught:
        MasterKeys.read(f"{MASTER_TEXT},{written}")
    assert "第2项" in caught.value.say("zh")
    assert "Entry 2" in caught.value.say("en")
    assert KEY_TEXT not in said(caught.value)


def test_new_master_keys_are_readable_and_differ() -> None:
    entries = [new_master_key() for _ in range(20)]
    masters = MasterKeys.read(",".join(entries))
    assert masters.current_id == entries[0].partition(":")[0]


# What is shown


def test_no_repr_shows_a_key() -> None:
    master, data, lookup = b"m" * 32, b"d" * 32, b"l" * 32
    masters = MasterKeys.read(entry("m1", master))
    wraps = [
        wrap_by_hand(master, "m1", 1, "lookup", lookup),
        wrap_by_hand(master, "m1", 2, "data", data),
    ]
    ring = KeyRing(masters, wraps)
    shown = "\n".join(map(repr, [masters, ring, *wraps, vars(masters), vars(ring)]))
    for secret in [master, data, lookup, *(wrap.wrapped for wrap in wraps)]:
        for form in [repr(secret)[2:-1], secret.hex(), base64.b64encode(secret).decode()]:
            assert form not in shown
    assert repr(masters) == "MasterKeys(current_id='m1', ids=['m1'])"
    assert repr(ring) == "KeyRing(current=2, data=[2])"
    assert repr(wraps[1]) == "WrappedKey(key_id=2, purpose='data', master_id='m1')"
