"""CBOR in the one form that we write: deterministic encoding (RFC 8949 §4.2.1).

Integers of 64 bits, byte strings, text, arrays and maps with integer or text keys. Reading refuses
whatever would not be written exactly so: a value has one encoding, so nobody can give a signed
code a second face. A length inside the data is never believed before that many bytes are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

Value: TypeAlias = "int | bytes | str | Sequence[Value] | Mapping[int | str, Value]"

# Major types (RFC 8949 §3.1). Tags stand only in the outer shell of a signature, see `cose`.
UNSIGNED: Final = 0
NEGATIVE: Final = 1
BYTES: Final = 2
TEXT: Final = 3
ARRAY: Final = 4
MAP: Final = 5
TAG: Final = 6

_MAJOR_SHIFT: Final = 5  # RFC 8949 §3: three bits of major type, then five of information
_INFORMATION: Final = 0b11111
_IN_HEAD: Final = 24  # RFC 8949 §3: less is the argument itself; 24 to 27: it follows in 1 to 8
_WIDTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_SMALLEST: Final = {1: _IN_HEAD, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}  # §4.2.1: as short as possible
_BEYOND: Final = 1 << 64
_DEEPEST: Final = 8  # claims are four deep; a stack must not grow by what a stranger sends


class NotDeterministic(ValueError):
    """The bytes are not CBOR, or not in the deterministic form of what we use."""


def encode(value: Value) -> bytes:
    """The one encoding of a value (RFC 8949 §4.2.1).

    Raises ValueError beyond 64 bits, TypeError for what we do not use: floats, booleans, None.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return head(BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return head(TEXT, len(text)) + text
    if isinstance(value, Mapping):
        pairs = sorted((_key(key), encode(each)) for key, each in value.items())
        return head(MAP, len(pairs)) + b"".join(part for pair in pairs for part in pair)
    if isinstance(value, list | tuple):
        return head(ARRAY, len(value)) + b"".join(map(encode, value))
    raise TypeError(f"{type(value).__name__} is not among the CBOR that we use")


def decode(data: bytes) -> Value:
    """The value whose one encoding these bytes are; arrays are lists, maps are dicts.

    Raises NotDeterministic for everything else (RFC 8949 §4.2.1, §5.6 for duplicate keys).
    """
    value, end = _read(data, 0, _DEEPEST)
    if end != len(data):
        raise NotDeterministic("bytes stand after the end")
    return value


def head(major: int, argument: int) -> bytes:
    """The initial byte and argument of an item, as short as possible (RFC 8949 §3, §4.2.1)."""
    first = major << _MAJOR_SHIFT
    if argument < _IN_HEAD:
        return bytes((first | argument,))
    if argument >= _BEYOND:
        raise ValueError("a number has more than 64 bits")
    information = next(each for each, width in _WIDTHS.items() if argument < 1 << 8 * width)
    return bytes((first | information,)) + argument.to_bytes(_WIDTHS[information], "big")


def _key(key: int | str) -> bytes:
    if not isinstance(key, int | str):
        raise TypeError(f"a key is an integer or text, not {type(key).__name__}")
    return encode(key)


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value that begins at a position, and the position after it."""
    if at >= len(data):
        raise NotDeterministic("it ends too early")
    major, argument = data[at] >> _MAJOR_SHIFT, data[at] & _INFORMATION
    at += 1
    if argument >= _IN_HEAD:
        argument, at = _read_argument(data, at, argument)
    if major == UNSIGNED:
        return argument, at
    if major == NEGATIVE:
        return -1 - argument, at
    end = at + argument
    # A byte is the least that any item takes, so this holds for arrays and maps too.
    if end > len(data):
        raise NotDeterministic("a length is greater than what follows")
    if major == BYTES:
        return data[at:end], end
    if major == TEXT:
        return _text(data[at:end]), end
    if major > MAP or not depth:
        raise NotDeterministic("too deep, or a tag, a float or a simple value")
    read = _read_array if major == ARRAY else _read_map
    return read(data, at, argument, depth - 1)


def _read_argument(data: bytes, at: int, information: int) -> tuple[int, int]:
    """An argument that follows its initial byte, and the position after it (RFC 8949 §3)."""
    width = _WIDTHS.get(information)
    if width is None:
        raise NotDeterministic("an indefinite length, or a reserved form")
    end = at + width
    argument = int.from_bytes(data[at:end], "big")
    if end > len(data) or argument < _SMALLEST[width]:
        raise NotDeterministic("a number ends too early, or could be shorter")
    return argument, end


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotDeterministic("a text is not UTF-8") from None


def _read_array(data: bytes, at: int, count: int, depth: int) -> tuple[list[Value], int]:
    found = []
    for _ in range(count):
        value, at = _read(data, at, depth)
        found.append(value)
    return found, at


def _read_map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[int | str, Value], int]:
    """A map whose keys ascend bytewise as they are encoded: so none is there twice (§4.2.1)."""
    found: dict[int | str, Value] = {}
    before = b""
    for _ in range(count):
        key, end = _read(data, at, depth)
        if not isinstance(key, int | str):
            raise NotDeterministic("a key is neither an integer nor text")
        if data[at:end] <= before:
            raise NotDeterministic("keys are out of order, or one is there twice")
        before = data[at:end]
        found[key], at = _read(data, end, depth)
    return found, at
