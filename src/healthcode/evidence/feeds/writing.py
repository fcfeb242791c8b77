"""Changes on their way into the evidence: weighed by the rulebook, then written, all or in part.

What a change says is known at no k before it is written. Changes that wait for a second person
stand in `evidence.proposed_rows`, as they were read.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import EVIDENCE, FACT_SAYS, Columns, Part, state_of
from healthcode.evidence.feeds.deciding import Outcome, Registration, State
from healthcode.evidence.feeds.reading import Said
from healthcode.evidence.tables import SELF, proposed_rows
from healthcode.evidence.terms import Designated, Designation, Recorded
from healthcode.kit.db import Transaction, array_of, array_of_bytes, as_copied, copy_in, copy_lines

Touched = Mapping[int, frozenset[str]]
NOTHING = Designated(())
STATES = "evidence.feed_rows (client, what, row_id, content, made)"


class Change(NamedTuple):
    """A row that is taken, and what it does to the row's latest state."""

    said: Said
    outcome: Outcome
    state: State | None
    is_new: bool  # whether it adds a fact or designation
    takes_back: int | None  # what it retracts

    @classmethod
    def of(cls, said: Said, outcome: Outcome, state: State | None) -> Change:
        """What this outcome means for the row's latest state."""
        if outcome is Outcome.RECORDED:
            return cls(said, outcome, state, is_new=True, takes_back=None)
        takes_back = None if state is None else state.made
        return cls(said, outcome, state, outcome is Outcome.CORRECTED, takes_back)


@dataclass
class RowChanges(ABC):
    """The changes of one batch; see `evidence.terms.Changes`."""

    transaction: Transaction
    client: str
    listed: Sequence[Change]
    registrations: Mapping[str, Registration]
    weighed: bool
    held: list[Change] = field(default_factory=list)

    whole: ClassVar[bool] = False
    designated: Designated = NOTHING
    what: ClassVar[str]
    new_recording: ClassVar[sa.TextClause]
    columns: ClassVar[str]
    gone_columns: ClassVar[str]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.listed)

    @property
    def words_of(self) -> tuple[str, ...]:
        """The accounts on whose word they come."""
        names = dict.fromkeys(filter(None, (self.transaction.account, self.client)))
        return tuple(name for name in names if name != SELF)

    @property
    def sources(self) -> frozenset[str]:
        """The sources that speak."""
        said = {c.said["source"] for c in self.listed if c.is_new and "source" in c.said}
        taken_back = {c.state.source for c in self.listed if c.state and c.state.source}
        return frozenset(said | taken_back) - {SELF}  # whoever writes it down answers for it

    def tell(self) -> None:
        """Keep what waits; subclasses say what was written."""
        if not self.held:
            return
        account = self.transaction.account
        made = self.transaction.run(
            queries.PROPOSE,
            {
                "client": self.client,
                "account": account,
                "what": self.what,
                "now": self.transaction.now,
            },
        ).scalar_one()
        rows = [
            {
                "proposal": made,
                "row": number,
                "row_id": bytes.fromhex(change.said["row_id"]),
                "said": json.dumps(change.said),
            }
            for number, change in enumerate(self.held, start=1)
        ]
        self.transaction.run(sa.insert(proposed_rows), rows)

    def _put(self, changes: Sequence[Change]) -> list[int]:
        """Write these changes; what they took back."""
        if not changes:
            return []
        fresh = [change for change in changes if change.is_new]
        recording, ids = self._begin(len(fresh))
        pairs = zip(fresh, ids, strict=True)
        rows = (self._row(change, recording, made) for change, made in pairs)
        copy_in(self.transaction.connection, self.columns, rows)
        gone = [change for change in changes if change.takes_back is not None]
        if gone:
            taken_back = (
                (change.takes_back, change.state.source, recording, change.said.get("recorded_at"))
                for change in gone
                if change.state is not None
            )
            copy_in(self.transaction.connection, self.gone_columns, taken_back)
        self._save_states(fresh, ids, [change for change in changes if not change.is_new])
        return [change.takes_back for change in gone if change.takes_back is not None]

    def _begin(self, count: int) -> tuple[int, list[str]]:
        """A new recording, and the numbers of what is new on it."""
        values = {
            "client": self.client,
            "account": self.transaction.account,
            "stated_at": self.transaction.stated_now,
            "count": count,
        }
        new = self.transaction.run(self.new_recording, values).one()
        return new.recording, (new.made or "").split()

    @abstractmethod
    def _row(self, change: Change, recording: int, made: str) -> tuple[Any, ...]:
        """A change as a row of its table."""

    def _save_states(
        self, fresh: Sequence[Change], ids: Sequence[str], gone: Sequence[Change]
    ) -> None:
        made = [*zip(fresh, ids, strict=True), *((change, "NULL") for change in gone)]
        # A row without a state takes nothing back: it has made something.
        whose = as_copied((self.client, self.what))
        added = [
            f"{state_of(whose, change.said)}\t{key}" for change, key in made if change.state is None
        ]
        if added:
            copy_lines(self.transaction.connection, STATES, sorted(added))
        changed = [(change.said, key) for change, key in made if change.state is not None]
        if changed:
            values = {
                "client": self.client,
                "what": self.what,
                "row_ids": array_of_bytes(said["row_id"] for said, _ in changed),
                "contents": array_of_bytes(said["content"] for said, _ in changed),
                "made": array_of(key for _, key in changed),
            }
            self.transaction.run(queries.CHANGE_STATES, values)


@dataclass
class FactChanges(RowChanges):
    """Facts and their retractions. `persons` knows everybody whom the rows name, by the hash."""

    persons: Mapping[str, int] = field(default_factory=dict)
    _touched: dict[int, frozenset[str]] = field(default_factory=dict)

    what = EVIDENCE
    new_recording = queries.FACTS_RECORDING
    columns = (
        "evidence.facts (fact, person, with_person, source_class, corrects, recording,"
        f" {', '.join(FACT_SAYS)})"
    )
    gone_columns = "evidence.retractions (fact, source, recording, recorded_at)"

    def write(self, waiting: frozenset[int]) -> Touched:
        """Write what is not about persons who wait.

        Whoever shares a change with somebody who waits waits too: all that is said of a person is
        written, or nothing, and so it is what was weighed.
        """
        about = self._about()
        waiting = _with_those_who_share(waiting, about) if waiting else waiting
        kept: list[Change] = []
        self.held = []
        self._touched = {}
        for change, concerned in zip(self.listed, about, strict=True):
            if not waiting.isdisjoint(concerned):
                self.held.append(change)
                continue
            kept.append(change)
            for person, source in concerned.items():
                before = self._touched.get(person)
                self._touched[person] = before | {source} if before else frozenset((source,))
        self._put(kept)
        return self._touched

    def tell(self) -> None:
        """Say whose evidence changed."""
        super().tell()
        if self._touched:
            self.transaction.publish(Recorded(tuple(sorted(self._touched))))

    def _about(self) -> list[dict[int, str]]:
        """Whom each change concerns, with the source that speaks."""
        gone = [change.takes_back for change in self.listed if change.takes_back is not None]
        owners: dict[int | None, int] = {}
        if gone:
            rows = self.transaction.run(queries.PERSONS_OF_FACTS, {"facts": array_of(gone)})
            owners = {row.fact: row.person for row in rows}
        concerned: list[dict[int, str]] = []
        for said, _, state, is_new, takes_back in self.listed:
            whom: dict[int, str] = {}
            if takes_back in owners and state is not None:
                whom[owners[takes_back]] = state.source or ""
            if is_new:
                whom[self.persons[said["subject"][1]]] = said["source"]
            concerned.append(whom)
        return concerned

    def _row(self, change: Change, recording: int, made: str) -> tuple[Any, ...]:
        said, registration = change.said, self.registrations[change.said["source"]]
        other = self.persons[said["with"][1]] if said["with"] else None
        return (
            made, self.persons[said["subject"][1]], other, registration.source_class,
            change.takes_back, recording, *(said[name] for name in FACT_SAYS),
        )  # fmt: skip


@dataclass
class NewFacts(FactChanges):
    """Facts of rows that have no state yet, all taken: written as they were prepared.

    They are looked at one by one only where somebody waits.
    """

    part: Part = field(default_factory=Part)
    numbers: Sequence[int] = ()  # the persons, by their places in the columns

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.part)

    @property
    def sources(self) -> frozenset[str]:
        """The sources that speak."""
        return frozenset(source for source, _, _ in self._columns.says) - {SELF}

    @property
    def _columns(self) -> Columns:
        assert self.part.columns is not None
        return self.part.columns

    def write(self, waiting: frozenset[int]) -> Touched:
        """Write them all at once, or as others are written."""
        if waiting:
            self.listed = [Change.of(row.said, Outcome.RECORDED, None) for row in self.part.rows]
            hashes = [each.hex() for each in self._columns.hashes]
            self.persons = dict(zip(hashes, self.numbers, strict=True))
            return super().write(waiting)
        recording, ids = self._begin(self.count)
        classes = {name: each.source_class for name, each in self.registrations.items()}
        facts = self._columns.copied(recording, ids, self.numbers, classes)
        copy_lines(self.transaction.connection, self.columns, facts)
        states = [f"{state}\t{ids[row]}" for row, state in self._columns.states]
        copy_lines(self.transaction.connection, STATES, states)
        self._touched = self._columns.concerned(self.numbers)
        return self._touched


def _with_those_who_share(
    waiting: frozenset[int], about: Sequence[Mapping[int, str]]
) -> frozenset[int]:
    sharing: dict[int, set[int]] = {}
    for concerned in about:
        if len(concerned) > 1:
            for person in concerned:
                sharing.setdefault(person, set()).update(concerned)
    bound, ahead = set(waiting), list(waiting)
    while ahead:
        more = sharing.get(ahead.pop(), set()) - bound
        bound |= more
        ahead += more
    return frozenset(bound)


@dataclass
class DesignationChanges(RowChanges):
    """One designation, made or taken back: it cannot be parted, and reaches whoever was there."""

    source: str = ""

    whole = True
    what = "designations"
    new_recording = queries.DESIGNATIONS_RECORDING
    columns = (
        "evidence.designations (designation, level, area, place, started_at, ended_at, source,"
        " recording, recorded_at)"
    )
    gone_columns = "evidence.designation_retractions (designation, source, recording, recorded_at)"

    @property
    def sources(self) -> frozenset[str]:
        """The one source of the client that designates."""
        return frozenset({self.source})

    def write(self, waiting: frozenset[int]) -> Touched:
        """Write it, unless it waits; it is about no person."""
        self.held = list(self.listed) if waiting else []
        self.designated = NOTHING
        if not waiting:
            gone = self._put(self.listed)
            was = self.transaction.run(queries.DESIGNATED, {"designations": gone})
            made = [_designation(change.said) for change in self.listed if change.is_new]
            self.designated = Designated((*(Designation(**row._mapping) for row in was), *made))
        return {}

    def tell(self) -> None:
        """Say where the risk changed."""
        super().tell()
        if written := self.designated.designations:
            self.transaction.publish(Designated(written))

    def _row(self, change: Change, recording: int, made: str) -> tuple[Any, ...]:
        said = change.said
        return (
            made, said["level"], said["area"], said["place"], said["started_at"],
            said["ended_at"], self.source, recording, said["recorded_at"],
        )  # fmt: skip


def _designation(said: Said) -> Designation:
    started, ended = said["started_at"], said["ended_at"]
    return Designation(
        said["level"], said["area"], said["place"],
        datetime.fromisoformat(started), datetime.fromisoformat(ended) if ended else None,
    )  # fmt: skip
