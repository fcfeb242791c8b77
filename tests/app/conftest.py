"""Running the command line as a person does, and seeing what they see."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from healthcode.app.cli import main
from healthcode.app.settings import PREFIX, Settings


@dataclass(frozen=True)
class Said:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on its stdout; nothing else may be there."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Command = Callable[..., Said]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def healthcode(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`healthcode(...)` as in a terminal, in this process."""

    def run(*arguments: object, stdin: str | bytes = "") -> Said:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "argv", ["healthcode", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), "utf-8"))
        capfd.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        seen = capfd.readouterr()
        assert isinstance(code, int)
        return Said(code, seen.out, seen.err)

    return run
