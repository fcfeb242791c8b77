"""One batch of an import: decided, written, and told to the rooms above, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import Batch, Staged, subject_of
from healthcode.evidence.feeds.deciding import (
    DESIGNATION,
    Desk,
    Named,
    Outcome,
    Registration,
    State,
)
from healthcode.evidence.feeds.introducing import introduced
from healthcode.evidence.feeds.reading import Reader, Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.queries import REGISTRATIONS
from healthcode.evidence.terms import Designated, Recorded
from healthcode.kit.db import Transaction, copy_in
from healthcode.kit.errors import Refused
from healthcode.kit.words import Words
from healthcode.people import Subject, ensure, persons_of, residences


class UnknownClient(Refused):
    """Nobody is registered under this name."""

    words = Words(
        zh="没有登记名为“{client}”的数据来源单位。请先用 healthcode source add 登记。",
        en="No client called {client} is registered. Register it with `healthcode source add`.",
    )


class NoDesignationSource(Refused):
    """The client has not exactly one source that may designate."""

    words = Words(
        zh="“{client}”须有且只有一个登记了 designation 的来源，才能写入风险区。"
        "请用 healthcode source add 登记。",
        en="{client} needs exactly one source registered for the kind `designation` to write "
        "designations. Register it with `healthcode source add`.",
    )


@dataclass(frozen=True)
class Recorder:
    """Writes the batches of one client's file."""

    transaction: Transaction
    client: str
    desk: Desk

    def record(self, what: str, rows: Sequence[Staged]) -> Batch:
        """Decide and write the rows of a batch."""
        self.transaction.run(queries.LOCK_CLIENT, {"client": self.client})
        if what == "people":
            return introduced(self.transaction, self.client, self.desk, rows)
        return self._facts(rows) if what == "evidence" else self._designations(rows)

    def _facts(self, rows: Sequence[Staged]) -> Batch:
        states = self._states(queries.FACT_STATES, rows)
        named = self._named(rows)
        persons = persons_of(self.transaction, self.client, named)
        homes = residences(self.transaction, persons.values())
        # Documents can become known, and a replay's keys too; but a row that is not taken makes
        # nobody known. Until a row is decided such a person has a number of no person.
        unknown = [s for s in named if s not in persons and (s.kind or self.desk.replay)]
        candidates = persons | {s: -n for n, s in enumerate(unknown, start=1)}

        def decide(said: Said, state: State | None) -> Outcome:
            person, other = (_person(candidates, said[name]) for name in ("subject", "with"))
            return self.desk.fact(said, state, Named(person, other, homes.get(person or 0, "")))

        def write(said: Said, recording: int, made: int, corrects: int | None) -> tuple[Any, ...]:
            registration = self.desk.registrations[said["source"]]
            return (
                made, _person(persons, said["subject"]), said["kind"], said["result"],
                said["number"], said["area"], said["place"],
                _person(persons, said["with"]), said["started_at"], said["ended_at"],
                registration.source, registration.source_class, corrects, recording,
                said["recorded_at"],
            )  # fmt: skip

        batch, changes = self._decided(rows, states, decide)
        taken = set(self._named([change for change in changes if change.is_new]))
        persons |= ensure(self.transaction, self.client, [s for s in unknown if s in taken])
        gone = self._written(
            "evidence", changes, queries.NEW_FACT_IDS, _FACT_COLUMNS, _GONE_FACT_COLUMNS, write
        )
        touched = {persons[subject_of(c.said["subject"])] for c in changes if c.is_new}
        if gone:
            touched |= set(
                self.transaction.run(queries.PERSONS_OF_FACTS, {"facts": gone}).scalars()
            )
        if touched:
            self.transaction.publish(Recorded(tuple(sorted(touched))))
        return batch

    def _designations(self, rows: Sequence[Staged]) -> Batch:
        registration = designating(self.client, self.desk.registrations)
        states = self._states(queries.DESIGNATION_STATES, rows)

        def decide(said: Said, state: State | None) -> Outcome:
            return self.desk.designation(said, state, registration)

        def write(said: Said, recording: int, made: int, corrects: int | None) -> tuple[Any, ...]:
            del corrects  # the retraction beside it says so
            return (
                made, said["level"], said["area"], said["place"], said["started_at"],
                said["ended_at"], registration.source, recording, said["recorded_at"],
            )  # fmt: skip

        batch, changes = self._decided(rows, states, decide)
        gone = self._written(
            "designations",
            changes,
            queries.NEW_DESIGNATION_IDS,
            _DESIGNATION_COLUMNS,
            _GONE_DESIGNATION_COLUMNS,
            write,
        )
        where = {(c.said["area"], c.said["place"]) for c in changes if c.is_new}
        if gone:
            rows_gone = self.transaction.run(queries.DESIGNATED, {"designations": gone})
            where |= {(row.area, row.place) for row in rows_gone}
        if where:
            self.transaction.publish(
                Designated(
                    tuple(sorted({area for area, _ in where if area})),
                    tuple(sorted({place for _, place in where if place})),
                )
            )
        return batch

    def _named(self, rows: Sequence[Staged] | Sequence[_Change]) -> list[Subject]:
        """Whom the rows of registered sources name, each once."""
        named = (
            subject_of(subject)
            for each in rows
            if self.desk.may_say(each.said)
            for subject in (each.said["subject"], each.said["with"])
            if subject is not None
        )
        return list(dict.fromkeys(named))

    def _states(self, query: sa.TextClause, rows: Sequence[Staged]) -> dict[bytes, State]:
        row_ids = [bytes.fromhex(each.said["row_id"]) for each in rows]
        found = self.transaction.run(query, {"client": self.client, "row_ids": row_ids})
        return {
            bytes(row.row_id): State(
                bytes(row.content), row.made, row.source, row.source_class, row.kind
            )
            for row in found
        }

    def _decided(
        self,
        rows: Sequence[Staged],
        states: dict[bytes, State],
        decide: Callable[[Said, State | None], Outcome],
    ) -> tuple[Batch, list[_Change]]:
        batch = Batch()
        changes: list[_Change] = []
        for each in rows:
            state = states.get(bytes.fromhex(each.said["row_id"]))
            try:
                retract = each.said["retract"]
                outcome = self.desk.retraction(state) if retract else decide(each.said, state)
            except Rejected as rejected:
                batch.rejected.append((each, rejected))
                continue
            batch.counts[outcome] += 1
            if outcome is not Outcome.UNCHANGED:
                changes.append(_Change(each.said, outcome, state))
        return batch, changes

    def _written(
        self,
        what: str,
        changes: Sequence[_Change],
        new_ids: sa.TextClause,
        columns: str,
        gone_columns: str,
        write: Callable[[Said, int, int, int | None], tuple[Any, ...]],
    ) -> list[int]:
        """Write the changes; what they took back."""
        if not changes:
            return []
        recording = self.transaction.run(
            queries.NEW_RECORDING,
            {"client": self.client, "stated_at": self.transaction.stated_now},
        ).scalar_one()
        fresh = [change for change in changes if change.is_new]
        ids = list(self.transaction.run(new_ids, {"count": len(fresh)}).scalars())
        copy_in(
            self.transaction.connection,
            columns,
            (
                write(change.said, recording, made, change.takes_back)
                for change, made in zip(fresh, ids, strict=True)
            ),
        )
        gone = [change for change in changes if change.takes_back is not None]
        copy_in(
            self.transaction.connection,
            gone_columns,
            (
                (change.takes_back, change.state.source, recording, change.said.get("recorded_at"))
                for change in gone
                if change.state is not None
            ),
        )
        self._save_states(what, fresh, ids, [change for change in changes if not change.is_new])
        return [change.takes_back for change in gone if change.takes_back is not None]

    def _save_states(
        self, what: str, fresh: Sequence[_Change], ids: Sequence[int], gone: Sequence[_Change]
    ) -> None:
        self.transaction.run(
            queries.SAVE_STATES,
            {
                "client": self.client,
                "what": what,
                "row_ids": [bytes.fromhex(c.said["row_id"]) for c in (*fresh, *gone)],
                "contents": [bytes.fromhex(c.said["content"]) for c in (*fresh, *gone)],
                "made": [*ids, *([None] * len(gone))],
            },
        )


@dataclass(frozen=True, slots=True)
class _Change:
    said: Said
    outcome: Outcome
    state: State | None

    @property
    def is_new(self) -> bool:
        """Whether it adds a fact or designation."""
        return self.outcome in {Outcome.RECORDED, Outcome.CORRECTED}

    @property
    def takes_back(self) -> int | None:
        """What it retracts."""
        if self.outcome is Outcome.RECORDED or self.state is None:
            return None
        return self.state.made


def desk_of(transaction: Transaction, client: str, city: str, *, replay: bool = False) -> Desk:
    """What a client may write, as registered now. Raises UnknownClient."""
    rows = transaction.run(REGISTRATIONS, {"client": client}).all()
    if not rows:
        raise UnknownClient(client=client)
    registrations = {
        row.source: Registration(
            row.source, row.source_class, frozenset(row.kinds), tuple(row.divisions)
        )
        for row in rows
    }
    return Desk(registrations, city, replay)


def designating(client: str, registrations: dict[str, Registration]) -> Registration:
    """The client's one source that may designate. Raises NoDesignationSource."""
    able = [each for each in registrations.values() if DESIGNATION in each.kinds]
    if len(able) != 1:
        raise NoDesignationSource(client=client)
    return able[0]


def submit(
    transaction: Transaction, client: str, desk: Desk, what: str, row: dict[str, str]
) -> Outcome:
    """Record one row now, as if it stood in a file of the client's. Raises Rejected."""
    reader = Reader(client, transaction.keys, transaction.now, frozenset(desk.registrations))
    staged = Staged(1, 1, reader.read(what, row))
    batch = Recorder(transaction, client, desk).record(what, [staged])
    if batch.rejected:
        raise batch.rejected[0][1]
    return next(outcome for outcome, count in batch.counts.items() if count)


def _person(persons: dict[Subject, int], said: list[str | None] | None) -> int | None:
    return None if said is None else persons.get(subject_of(said))


_FACT_COLUMNS = (
    "evidence.facts (fact, person, kind, result, number, area, place, with_person, started_at,"
    " ended_at, source, source_class, corrects, recording, recorded_at)"
)
_GONE_FACT_COLUMNS = "evidence.retractions (fact, source, recording, recorded_at)"
_DESIGNATION_COLUMNS = (
    "evidence.designations (designation, level, area, place, started_at, ended_at, source,"
    " recording, recorded_at)"
)
_GONE_DESIGNATION_COLUMNS = (
    "evidence.designation_retractions (designation, source, recording, recorded_at)"
)
