"""Division codes of GB/T 2260 as the house keeps them: 2, 4, 6, 9 or 12 digits."""

from __future__ import annotations

LENGTHS = (2, 4, 6, 9, 12)


def kept_code(code: str) -> str:
    """A division code without its trailing zeros, so that a container is a prefix.

    A 12-digit code loses trailing `000` down to six digits, a six-digit one trailing `00`:
    `420100` is kept as `4201`, `420000` as `42`, `120101001000` as `120101001`. Empty stays empty.

    Raises ValueError for anything but 2, 4, 6, 9 or 12 ASCII digits.
    """
    if code and (len(code) not in LENGTHS or not (code.isascii() and code.isdigit())):
        raise ValueError("a division code has 2, 4, 6, 9 or 12 digits")
    while len(code) > 6 and code.endswith("000"):  # noqa: PLR2004 - six digits are a district
        code = code[:-3]
    while 2 < len(code) <= 6 and code.endswith("00"):  # noqa: PLR2004
        code = code[:-2]
    return "" if code == "00" else code


def covers(container: str, code: str) -> bool:
    """Whether a kept code contains another. An empty container covers nothing."""
    return bool(container) and code.startswith(container)
