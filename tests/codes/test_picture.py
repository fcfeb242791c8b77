"""A drawn code is read back by another reader, letter for letter."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import zxingcpp

from healthcode.codes.picture import QUIET_ZONE, svg, terminal
from healthcode.codes.terms import Shown
from tests.codes.making import CARD, PHONE, code

SVG = "{http://www.w3.org/2000/svg}"
TITLE = '王*明 <健康码> & "code"'
LONGEST = replace(CARD, shown=Shown("王" * 21 + "*", "10", "123X"))
TEXTS = [code(PHONE), code(CARD), code(LONGEST), "JKM1:0"]


def pixels_of(drawing: str) -> np.ndarray:
    """The modules of an SVG as its path draws them: True is dark."""
    root = ET.fromstring(drawing)
    left, top, width, height = map(int, root.attrib["viewBox"].split())
    assert (left, top) == (0, 0)
    dark = np.zeros((height, width), dtype=bool)
    [path] = [each for each in root.iter(f"{SVG}path") if "stroke" in each.attrib]
    assert path.attrib["stroke"] == "#000"
    x = y = 0.0
    for command, first, second in re.findall(
        r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path.attrib["d"]
    ):
        if command == "M":
            x, y = float(first), float(second)
        elif command == "m":
            x, y = x + float(first), y + float(second)
        else:
            dark[int(y), int(x) : int(x) + int(first)] = True
            x += int(first)
    return dark


def read_back(dark: np.ndarray) -> list[zxingcpp.Barcode]:
    image = np.where(dark, 0, 255).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return list(zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode))


@pytest.mark.parametrize("text", TEXTS)
def test_another_reader_reads_the_very_text(text: str) -> None:
    [found] = read_back(pixels_of(svg(text, TITLE)))
    assert found.text == text
    assert found.ec_level == "M"


@pytest.mark.parametrize("text", TEXTS)
def test_a_picture_has_its_quiet_zone(text: str) -> None:
    dark = pixels_of(svg(text, TITLE))
    inner = dark[QUIET_ZONE:-QUIET_ZONE, QUIET_ZONE:-QUIET_ZONE]
    assert dark.sum() == inner.sum()
    assert inner[0, :7].all()
    assert inner[:7, 0].all()


def test_a_picture_says_what_it_is_and_fills_what_it_is_put_in() -> None:
    assert svg(TEXTS[0], TITLE).startswith("<svg ")  # so that it stands inside a page as it is
    root = ET.fromstring(svg(TEXTS[0], TITLE))
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert [each.text for each in root.iter(f"{SVG}title")] == [TITLE]
    assert not {"width", "height", "style", "onload"} & set(root.attrib)
    assert {each.tag for each in root.iter()} == {f"{SVG}svg", f"{SVG}title", f"{SVG}path"}
    background = next(root.iter(f"{SVG}path"))
    assert background.attrib["fill"] == "#fff"
    side = root.attrib["viewBox"].split()[-1]
    assert background.attrib["d"] == f"M0 0h{side}v{side}h-{side}z"


@pytest.mark.parametrize("text", ["JKM1:abc", "王", "JKM1:\n"])
def test_what_is_not_of_the_alphabet_is_not_drawn(text: str) -> None:
    with pytest.raises(ValueError, match="mode"):
        svg(text, TITLE)


@pytest.mark.parametrize("text", TEXTS)
def test_a_terminal_shows_the_same(text: str) -> None:
    lines = terminal(text).splitlines()
    half = {"█": (False, False), "▀": (False, True), "▄": (True, False), " ": (True, True)}
    rows = [[half[each][part] for each in line] for line in lines for part in (0, 1)]
    expected = pixels_of(svg(text, TITLE))
    assert (np.array(rows)[: len(expected)] == expected).all()
