"""What lies outside the demo: text messages that are printed, and a registry of made-up people.

Each checks what it receives as the real one would.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from healthcode.access.registry import RegistryFails
from healthcode.kit.sms import SmsFails

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
LONGEST_TEXT = 500  # characters: a few SMS joined
SENT = "sms.jsonl"
REGISTRY = "registry.csv"


@dataclass(frozen=True)
class PrintedSms:
    """Prints messages, and keeps them for the demo's own route."""

    folder: Path

    def send(self, phone: str, text: str) -> None:
        """Send a text to a phone (E.164). Raises SmsFails."""
        if not E164.fullmatch(phone) or not 0 < len(text) <= LONGEST_TEXT:
            raise SmsFails
        line = json.dumps({"phone": phone, "text": text}, ensure_ascii=False) + "\n"
        descriptor = os.open(self.folder / SENT, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(line)
        sys.stdout.write(f"SMS …{phone[-4:]}: {text}\n")
        sys.stdout.flush()

    def latest(self, phone: str) -> str | None:
        """The last text that was sent to a phone."""
        path = self.folder / SENT
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        sent = (json.loads(line) for line in reversed(lines))
        return next((each["text"] for each in sent if each["phone"] == phone), None)


@dataclass(frozen=True)
class MadeUpRegistry:
    """Knows the people of `registry.csv`: name, document, phone."""

    folder: Path

    def check(self, name: str, document: str, phone: str) -> bool:
        """Whether all three are one person's. Raises RegistryFails."""
        try:
            with (self.folder / REGISTRY).open(encoding="utf-8", newline="") as file:
                known = [(r["name"], r["document"], r["phone"]) for r in csv.DictReader(file)]
        except (OSError, KeyError):
            raise RegistryFails from None
        return (name, document, phone) in known
