"""A code as a picture: a QR code for a page or for a terminal.

Black on white with its quiet zone, in alphanumeric mode, which JKM1: and Base45 fit.
"""

from __future__ import annotations

import io
from typing import Final

import segno

QUIET_ZONE: Final = 4  # modules, ISO/IEC 18004 §6.3.8
CORRECTION: Final = "m"  # 15 %: a scratched screen or a creased card still reads


def svg(text: str, title: str) -> str:
    """The code as an SVG that fills what it is put in; the title says in words what it is.

    Raises ValueError for a text that is not alphanumeric in the sense of QR.
    """
    drawn = io.BytesIO()
    _code(text).save(
        drawn, kind="svg", xmldecl=False, omitsize=True, border=QUIET_ZONE, title=title,
        dark="black", light="white", svgclass=None, lineclass=None, nl=False,
    )  # fmt: skip
    # The role makes a screen reader say the title in place of reading shapes (ARIA in HTML).
    return drawn.getvalue().decode("utf-8").replace("<svg ", '<svg role="img" ', 1)


def terminal(text: str) -> str:
    """The code in half blocks, for a terminal that writes light on dark.

    Where it writes dark on light the picture is a negative, which most readers take too. Raises
    ValueError as `svg` does.
    """
    drawn = io.StringIO()
    _code(text).terminal(out=drawn, border=QUIET_ZONE, compact=True)
    return drawn.getvalue()


def _code(text: str) -> segno.QRCode:
    # Segno would raise the correction where there is room; then codes would differ by chance.
    return segno.make_qr(text, mode="alphanumeric", error=CORRECTION, boost_error=False)
