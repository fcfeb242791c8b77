"""Base45 (RFC 9285): bytes as the characters that a QR code packs closest.

By arithmetic, not by a table of all pairs. Bytes have one text and a text has one meaning.
"""

from __future__ import annotations

import struct
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # RFC 9285 §4.2, table 1
_BASE: Final = 45
_GROUP: Final = 3  # RFC 9285 §4: two bytes are three characters, a last single byte is two
_NO_DIGIT: Final = 0xFF
_DIGITS: Final = bytes(
    ALPHABET.find(chr(code)) if chr(code) in ALPHABET else _NO_DIGIT for code in range(256)
)


class NotBase45(ValueError):
    """The text is not Base45."""


def encode(data: bytes) -> str:
    """The text of some bytes (RFC 9285 §4.2)."""
    pairs = struct.unpack(f">{len(data) // 2}H", data[: len(data) & ~1])
    found: list[str] = []
    for pair in pairs:
        rest, third = divmod(pair, _BASE * _BASE)
        second, first = divmod(third, _BASE)
        found += (ALPHABET[first], ALPHABET[second], ALPHABET[rest])
    if len(data) % 2:
        second, first = divmod(data[-1], _BASE)
        found += (ALPHABET[first], ALPHABET[second])
    return "".join(found)


def decode(text: str) -> bytes:
    """The bytes of a text (RFC 9285 §4.3, §6).

    Raises NotBase45 for a character outside the alphabet, lower case among them, for a length that
    no bytes have, and for three characters above 65535 or a last two above 255.
    """
    try:
        digits = text.encode("ascii").translate(_DIGITS)
    except UnicodeEncodeError:
        raise NotBase45("a character is not in the alphabet") from None
    if _NO_DIGIT in digits:
        raise NotBase45("a character is not in the alphabet")
    over = len(digits) % _GROUP
    if over == 1:
        raise NotBase45("one character is left over")
    whole = digits[: len(digits) - over]
    pairs = [
        first + _BASE * (second + _BASE * third)
        for first, second, third in zip(whole[::3], whole[1::3], whole[2::3], strict=True)
    ]
    last = [digits[-2] + _BASE * digits[-1]] if over else []
    try:
        return struct.pack(f">{len(pairs)}H{len(last)}B", *pairs, *last)
    except struct.error:
        raise NotBase45("a group is greater than its bytes can be") from None
