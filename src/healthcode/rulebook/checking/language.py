"""What of a file does not fit the rule language: all of it, each with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from healthcode.kit.words import Words
from healthcode.rulebook.checking.faults import Fault

SAID = {
    "missing": Words(zh="缺少此项。", en="It is missing."),
    "extra_forbidden": Words(
        zh="规则语言中没有此项，请核对拼写。",
        en="The language has no such key: look at its spelling.",
    ),
    "string_type": Words(
        zh="应为文本。日期、时间、区划代码和版本须加引号。",
        en="It has to be text. Put dates, times, division codes and versions in quotes.",
    ),
}
CHOICES = {"enum", "literal_error"}
OWN = "Value error, "  # how Pydantic begins what the language itself says


def misfits(error: ValidationError, body: object) -> list[Fault]:
    """Everything that the language refuses in `body`; rules are called by their ids.

    That a list lacks what was refused in it is not said again.
    """
    found = error.errors()
    places = [each["loc"] for each in found]
    return [
        Fault(_where(each["loc"], body), _words(each))
        for each in found
        if each["type"] != "too_short" or not any(_is_part(place, each["loc"]) for place in places)
    ]


def _is_part(place: tuple[int | str, ...], of: tuple[int | str, ...]) -> bool:
    return len(place) > len(of) and place[: len(of)] == of


def _words(misfit: ErrorDetails) -> Words:
    if misfit["type"] in SAID:
        return SAID[misfit["type"]]
    if misfit["type"] in CHOICES:
        choices = ", ".join(re.findall(r"'([^']*)'", misfit["msg"]))
        return Words(zh=f"应为其中之一：{choices}。", en=f"It has to be one of: {choices}.")
    said = misfit["msg"].removeprefix(OWN)
    return Words(zh=f"不符合规则语言：{said}", en=f"{said[:1].upper()}{said[1:]}.")


def _where(path: Sequence[int | str], body: object) -> str:
    """`rules.O1.window.until`; an id stands for a rule's number, and other numbers begin at 1."""
    parts = []
    for part in path:
        body = _inside(body, part)
        if not isinstance(part, int):
            parts.append(part)
        elif isinstance(body, Mapping) and isinstance(body.get("id"), str):
            parts.append(str(body["id"]))
        else:
            parts.append(str(part + 1))
    return ".".join(parts) or "rulebook"


def _inside(body: object, part: int | str) -> Any:
    if isinstance(body, Mapping):
        return body.get(part)
    if isinstance(body, Sequence) and not isinstance(body, str) and isinstance(part, int):
        return body[part] if part < len(body) else None
    return None
