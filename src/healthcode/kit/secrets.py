"""Secrets at rest: sealed fields that only the house opens, and keyed hashes to find them by.

Envelope: a master key (settings) wraps data keys (the caller stores the wraps), which seal values.
All sealing is AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces (§8.2.2): one key seals at
most 2^32 values (§8.3), so rotate the data key long before. The length of a value is not hidden.
Only cipher objects are kept, never the bytes of a key.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words

Purpose = Literal["data", "lookup"]

_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_HEADER_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
# Shorter than the base64 of a key, so that a key put where the id belongs is never echoed.
_MASTER_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,16}")


class MasterKeysUnset(NotReady):
    """The setting of the master keys is empty."""

    words = Words(
        zh="没有设置主密钥。请在主密钥设置中至少填写一项，格式为“编号:32字节的base64”。",
        en="No master key is set. Put at least one entry, written id:base64 of 32 bytes, "
        "in the setting of the master keys.",
    )


class MasterKeyUnreadable(NotReady):
    """An entry of the setting is not a master key."""

    words = Words(
        zh="主密钥设置的第{position}项无法读取。每项应为“编号:32字节的base64”，各项以逗号分隔；"
        "编号为1至16位字母、数字、“-”或“_”。",
        en="Entry {position} of the master keys cannot be read. Write each entry as id:base64 of "
        "32 bytes, with commas between; an id is 1 to 16 letters, digits, - or _.",
    )


class MasterKeyRepeated(NotReady):
    """Two entries of the setting share an id or a key."""

    words = Words(
        zh="主密钥设置的第{position}项与前面某一项的编号或密钥相同。请删除重复项，或生成新的主密钥。",
        en="Entry {position} of the master keys has the id or the key of an earlier entry. "
        "Remove it, or make a new master key.",
    )


class MasterKeyMissing(NotReady):
    """A wrap names a master key that the settings do not hold."""

    words = Words(
        zh="打开{key_id}号数据密钥需要主密钥“{master_id}”，但设置中没有它。"
        "请把它加回主密钥设置，放在当前主密钥之后。",
        en='Data key {key_id} needs the master key "{master_id}", which is not in the settings. '
        "Put it back in the master keys, after the current one.",
    )


class WrapBroken(NotReady):
    """A wrap does not open under the master key that it names."""

    words = Words(
        zh="{key_id}号数据密钥无法用主密钥“{master_id}”打开：存储的内容被改动过，"
        "或者该编号下填的是另一个密钥。请核对主密钥设置，或从备份恢复。",
        en='Data key {key_id} does not open under the master key "{master_id}": what is stored '
        "was changed, or another key stands under that id. Check the master keys, or restore "
        "the data key from a backup.",
    )


class RingUnfit(NotReady):
    """The stored keys do not make a ring that can seal and look up."""

    words = Words(
        zh="密钥环应有至少一个编号各不相同的数据密钥和恰好一个查找密钥，"
        "现有{data}个数据密钥（{numbers}个不同编号）和{lookup}个查找密钥。请补全或恢复存储的密钥。",
        en="A key ring needs at least one data key, each with its own number, and exactly one "
        "look-up key; it was given {data} data keys ({numbers} different numbers) and {lookup} "
        "look-up keys. Create or restore the stored keys.",
    )


class KeyMissing(NotReady):
    """A value is sealed under a data key that the ring does not hold."""

    words = Words(
        zh="该值由{key_id}号数据密钥加密，但密钥环中没有它。"
        "如果刚换过密钥，请重新载入密钥；否则请从备份恢复该密钥。",
        en="This value is sealed under data key {key_id}, which the key ring does not hold. "
        "Load the keys again if they were just rotated; otherwise restore the key from a backup.",
    )


class SealBroken(NotReady):
    """A sealed value was changed, cut short, or belongs elsewhere."""

    words = Words(
        zh="“{context}”处的加密值无法打开：它被改动、截断，或是从别处移来的。"
        "请从备份恢复，并查明是谁改动了它。",
        en='The sealed value at "{context}" does not open: it was changed, cut short or moved '
        "here from elsewhere. Restore it from a backup, and find out who changed it.",
    )


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as stored: a nonce, then the key under the master key, then the tag."""

    key_id: int
    purpose: Purpose
    master_id: str
    wrapped: bytes = field(repr=False)


class MasterKeys:
    """The keys that open data keys; the first wraps, the others still open old wraps."""

    def __init__(self, current_id: str, ciphers: Mapping[str, AESGCM]) -> None:
        self.current_id = current_id
        self._ciphers = dict(ciphers)

    def __repr__(self) -> str:
        return f"MasterKeys(current_id={self.current_id!r}, ids={list(self._ciphers)!r})"

    @classmethod
    def read(cls, text: str) -> MasterKeys:
        """From `id:base64,id:base64`, the current one first.

        Raises MasterKeysUnset, MasterKeyUnreadable or MasterKeyRepeated.
        """
        if not text.strip():
            raise MasterKeysUnset
        keys: dict[str, bytes] = {}
        for position, entry in enumerate(text.split(","), start=1):
            master_id, key = _read_entry(entry, position)
            if master_id in keys or key in keys.values():
                raise MasterKeyRepeated(position=position)
            keys[master_id] = key
        return cls(next(iter(keys)), {name: AESGCM(key) for name, key in keys.items()})

    def new_data_key(self, key_id: int, purpose: Purpose) -> WrappedKey:
        """A fresh random key under the current master; the number fits four bytes."""
        return self._wrap(key_id, purpose, os.urandom(_KEY_BYTES))

    def rewrap(self, wrapped: WrappedKey) -> WrappedKey:
        """The same key under the current master; as it was, if it is already.

        Raises MasterKeyMissing or WrapBroken.
        """
        if wrapped.master_id == self.current_id:
            return wrapped
        return self._wrap(wrapped.key_id, wrapped.purpose, self.unwrap(wrapped))

    def _wrap(self, key_id: int, purpose: Purpose, key: bytes) -> WrappedKey:
        bound = _wrap_bound(key_id, purpose)
        wrapped = _encrypt(self._ciphers[self.current_id], key, bound)
        return WrappedKey(key_id, purpose, self.current_id, wrapped)

    def unwrap(self, wrapped: WrappedKey) -> bytes:
        """The data key itself. Raises MasterKeyMissing or WrapBroken."""
        where = {"key_id": wrapped.key_id, "master_id": wrapped.master_id}
        cipher = self._ciphers.get(wrapped.master_id)
        if cipher is None:
            raise MasterKeyMissing(**where)
        if len(wrapped.wrapped) != _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES:
            raise WrapBroken(**where)
        try:
            return _decrypt(cipher, wrapped.wrapped, _wrap_bound(wrapped.key_id, wrapped.purpose))
        except InvalidTag:
            raise WrapBroken(**where) from None


class KeyRing:
    """The opened data keys: seals under the newest, opens under any; one key for look-ups."""

    def __init__(self, masters: MasterKeys, wrapped_keys: Iterable[WrappedKey]) -> None:
        """Opens every key once. Raises RingUnfit, MasterKeyMissing or WrapBroken."""
        keys = list(wrapped_keys)
        data = [key for key in keys if key.purpose == "data"]
        lookup = [key for key in keys if key.purpose == "lookup"]
        numbers = {key.key_id for key in data}
        # A second look-up key would hash the same document twice, into two persons.
        if not data or len(numbers) != len(data) or len(lookup) != 1:
            raise RingUnfit(data=len(data), numbers=len(numbers), lookup=len(lookup))
        self._ciphers = {key.key_id: AESGCM(masters.unwrap(key)) for key in data}
        self._current = max(numbers)
        self._lookup = HMAC(masters.unwrap(lookup[0]), SHA256())
        self._begun: dict[str, HMAC] = {}  # the contexts are a handful, and every row needs some

    def __repr__(self) -> str:
        return f"KeyRing(current={self._current}, data={sorted(self._ciphers)})"

    def seal(self, plaintext: str, context: str) -> bytes:
        """Version | key number (4 bytes, big endian) | nonce | ciphertext and tag.

        The context, such as `people.documents.number`, is authenticated with the header: a value
        opens only where it was sealed.
        """
        header = _VERSION + _number(self._current)
        bound = header + _bytes(context)
        return header + _encrypt(self._ciphers[self._current], _bytes(plaintext), bound)

    def open(self, sealed: bytes, context: str) -> str:
        """The text that was sealed for this context. Raises KeyMissing or SealBroken."""
        key_id = _sealed_under(sealed)
        if key_id is None:
            raise SealBroken(context=context)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyMissing(key_id=key_id)
        header, body = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        try:
            plaintext = _decrypt(cipher, body, header + _bytes(context))
        except InvalidTag:
            raise SealBroken(context=context) from None
        return plaintext.decode("utf-8", "surrogatepass")

    def needs_reseal(self, sealed: bytes) -> bool:
        """Whether an older data key sealed it, by the header alone; `open` finds damage."""
        key_id = _sealed_under(sealed)
        return key_id is not None and key_id < self._current

    def lookup(self, value: str, context: str) -> bytes:
        """HMAC-SHA-256 (RFC 2104), 32 bytes: equal for equal text in one context, in no other.

        It outlives every rotation of data keys. The caller writes the value in one form first.
        """
        begun = self._begun.get(context)
        if begun is None:
            name = _bytes(context)
            begun = self._lookup.copy()
            # The length comes first, so that no other split of the same bytes gives the same hash.
            begun.update(_number(len(name)) + name)
            self._begun[context] = begun
        mac = begun.copy()
        mac.update(_bytes(value))
        return mac.finalize()


def new_master_key() -> str:
    """One entry for the setting: eight random hex digits (few ids ever meet), and a key."""
    key = base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")
    return f"{os.urandom(4).hex()}:{key}"


def _read_entry(entry: str, position: int) -> tuple[str, bytes]:
    master_id, _, encoded = entry.strip().partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise MasterKeyUnreadable(position=position) from None
    if not _MASTER_ID.fullmatch(master_id) or len(key) != _KEY_BYTES:
        raise MasterKeyUnreadable(position=position)
    return master_id, key


def _wrap_bound(key_id: int, purpose: Purpose) -> bytes:
    return _VERSION + _number(key_id) + _bytes(purpose)


def _sealed_under(sealed: bytes) -> int | None:
    """The key number in the header, or None where no seal of ours can be."""
    if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or not sealed.startswith(_VERSION):
        return None
    return int.from_bytes(sealed[len(_VERSION) : _HEADER_BYTES], "big")


def _encrypt(cipher: AESGCM, plaintext: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, bound)


def _decrypt(cipher: AESGCM, body: bytes, bound: bytes) -> bytes:
    return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], bound)


def _number(value: int) -> bytes:
    return value.to_bytes(_KEY_ID_BYTES, "big")


def _bytes(text: str) -> bytes:
    # A lone surrogate must pass: the error of strict UTF-8 would carry the plaintext.
    return text.encode("utf-8", "surrogatepass")
