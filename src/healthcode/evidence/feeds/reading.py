"""From a row's text to what it says: the part of an import that needs no database.

Document numbers, names and keys leave here only sealed or hashed. It runs once for every row of
every file, so what rows have in common (a day, an area, a person) is worked out once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from healthcode.evidence.feeds import fields
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.terms import Kind, Level
from healthcode.kit.clock import local_midnight, local_today
from healthcode.kit.secrets import KeyRing
from healthcode.people import BadDocument, Introduction, identify

ROW_ID = "evidence.feed_rows.row_id"
CONTENT = "evidence.feed_rows.content"
OF_DESIGNATIONS = ("area", "ended_at", "level", "place", "recorded_at", "started_at")
IN_FILES = frozenset(map(str, Kind)) - {Kind.ORDER.value}
SEXES = {"": None, "M": 1, "F": 2, "0": 0, "1": 1, "2": 2, "9": 9}
OLDEST = 150
MOST_REMEMBERED = 100_000  # subjects; about 60 MB

_AGE = re.compile(r"[0-9]{1,3}")

REPLAY = "replay"
"""A replay's client, and its source where a row names none."""

Said = dict[str, Any]


@dataclass
class Reader:
    """Reads the rows of one file of one client.

    A replay takes every row that the format allows, keeps the file's `recorded_at`, and takes
    subjects for the file's own keys.
    """

    client: str
    ring: KeyRing
    now: datetime
    sources: frozenset[str]
    replay: bool = False
    _seen: dict[tuple[str, bool], int] = field(default_factory=dict)
    _subjects: dict[tuple[str, bool], list[str | None]] = field(default_factory=dict)

    def read(self, what: str, row: dict[str, str]) -> Said:
        """What the row says. Raises Rejected."""
        action = row.get("action", "") or "record"
        if action not in {"record", "retract"} or (what == "people" and action == "retract"):
            raise Rejected("action", "bad_action")
        if what == "people":
            return self._person(row)
        named, retract = row.get("row_id", ""), action == "retract"
        if named and retract:
            row_id = self._hash(named, ROW_ID)
            told = self._recorded_at(row)
            return {"retract": True, "row_id": row_id, "content": "", "recorded_at": told}
        said = self._fact(row) if what == "evidence" else self._designation(row)
        said["retract"] = retract
        return self._identity(named, said)

    def read_about(self, subject: list[str | None], row: dict[str, str]) -> Said:
        """What a row of evidence says about somebody known. Raises Rejected."""
        return self._identity("", self._fact(row, subject) | {"retract": False})

    def _identity(self, named: str, said: Said) -> Said:
        """The row with its id and digest; without an id it is its digest and count among equals."""
        content = self._content(said)
        if not named:
            equals = content, said["retract"]
            self._seen[equals] = count = self._seen.get(equals, 0) + 1
            named = f"{content}#{count}"
        said["row_id"] = self._hash(named, ROW_ID)
        said["content"] = content
        return said

    def _content(self, said: Said) -> str:
        if "kind" not in said:
            parts = "\x1f".join([f"{key}={said[key]}" for key in OF_DESIGNATIONS])
            return self._hash(parts, CONTENT)
        # Sealing is never twice the same: a person is their kind and hash.
        subject, other = said["subject"][:2], said["with"] and said["with"][:2]
        return self._hash(
            f"area={said['area']}\x1fended_at={said['ended_at']}\x1fkind={said['kind']}"
            f"\x1fnumber={said['number']}\x1fplace={said['place']}"
            f"\x1frecorded_at={said['recorded_at']}\x1fresult={said['result']}"
            f"\x1fsource={said['source']}\x1fstarted_at={said['started_at']}"
            f"\x1fsubject={subject}\x1fwith={other}",
            CONTENT,
        )

    def _hash(self, text: str, context: str) -> str:
        return self.ring.lookup(f"{self.client}\x1f{text}", context).hex()

    def _fact(self, row: dict[str, str], subject: list[str | None] | None = None) -> Said:
        get, replay = row.get, self.replay
        kind = _needed(row, "kind")
        if not replay and kind not in IN_FILES:
            raise Rejected("kind", "order_needs_two" if kind == Kind.ORDER else "kind_unknown")
        result = fields.short if replay else fields.word
        started, ended = self._times(row)
        return {
            "subject": subject or self._subject("subject", _needed(row, "subject")),
            "with": self._subject("with_subject", get("with_subject", "")),
            "kind": fields.short("kind", kind) if replay else kind,
            "result": result("result", get("result", "")),
            "number": fields.number("number", get("number", "")),
            "area": fields.area("area", get("area", "")),
            "place": self._place(get("place", "")),
            "source": self._source(row),
            "started_at": started,
            "ended_at": ended,
            "recorded_at": self._recorded_at(row) if replay else None,
        }

    def _designation(self, row: dict[str, str]) -> Said:
        if _needed(row, "level") not in set(Level) and not self.replay:
            raise Rejected("level", "level_unknown")
        area = fields.area("area", row.get("area", ""))
        place = self._place(row.get("place", ""))
        if not (area or place) or (area and place and not self.replay):
            raise Rejected("area", "area_or_place")
        started, ended = self._times(row)
        return {
            "level": fields.short("level", row["level"]),
            "area": area,
            "place": place,
            "started_at": started,
            "ended_at": None if ended == fields.INFINITY else ended,
            "recorded_at": self._recorded_at(row),
        }

    def _person(self, row: dict[str, str]) -> Said:
        sex, age = row.get("sex", ""), row.get("age", "")
        if sex.upper() not in SEXES:
            raise Rejected("sex", "bad_sex")
        if age and (_AGE.fullmatch(age) is None or int(age) > OLDEST):
            raise Rejected("age", "bad_age")
        name = fields.short("name", row.get("name", ""))
        document = self._subject("document", row.get("document", ""))
        if document and not document[0]:
            raise Rejected("document", "bad_document")
        said = {
            "sex": SEXES[sex.upper()],
            "age": int(age) if age else None,
            "residence": fields.area("residence", row.get("residence", "")) or None,
            "name_sealed": Introduction.seal_name(self.ring, name).hex() if name else None,
        }
        return {
            "subject": self._subject("subject", _needed(row, "subject")),
            "document": document,
            "states": {key: value for key, value in said.items() if value is not None},
        }

    def _times(self, row: dict[str, str]) -> tuple[str, str | None]:
        started, ended = fields.span(row.get("started_at", ""), row.get("ended_at", ""))
        if not self.replay and started >= self._too_late:
            raise Rejected("started_at", "in_the_future")
        return started, ended

    def _place(self, text: str) -> str:
        return fields.short("place", text) if self.replay else fields.place("place", text)

    def _source(self, row: dict[str, str]) -> str:
        """A registered source, so that nothing else in this column is ever stored."""
        source = (row.get("source") or REPLAY) if self.replay else _needed(row, "source")
        if source not in self.sources:
            raise Rejected("source", "source_not_registered")
        return source

    def _recorded_at(self, row: dict[str, str]) -> str | None:
        """Ours to say, except in a replay."""
        return fields.instant("recorded_at", row.get("recorded_at", "")) if self.replay else None

    def _subject(self, column: str, text: str) -> list[str | None] | None:
        """`[kind, hash, sealed]`, in hex."""
        if not text:
            return None
        own_key = self.replay and column != "document"
        found = self._subjects.get((text, own_key))
        if found is None:
            if len(self._subjects) >= MOST_REMEMBERED:
                self._subjects.clear()
            found = self._identified(column, text, own_key=own_key)
            self._subjects[text, own_key] = found
        return found

    def _identified(self, column: str, text: str, *, own_key: bool) -> list[str | None]:
        try:
            made = identify(self.ring, self.client, text, self._today, own_keys=own_key)
        except BadDocument:
            raise Rejected(column, "bad_document") from None
        return [made.kind, made.hashed.hex(), made.sealed.hex() if made.sealed else None]

    @cached_property
    def _today(self) -> date:
        return local_today(self.now)

    @cached_property
    def _too_late(self) -> str:
        """A start is at the latest tomorrow. ISO text in UTC, as `fields.instant` gives it."""
        return local_midnight(self.now, days=2).isoformat()


def _needed(row: dict[str, str], column: str) -> str:
    if not row.get(column):
        raise Rejected(column, "missing")
    return row[column]
