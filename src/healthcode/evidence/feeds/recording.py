"""One batch of an import: decided, written, and told to the rooms above, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import EVIDENCE, OURS, Batch, Part, Staged, named
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
from healthcode.evidence.feeds.writing import Change, DesignationChanges, FactChanges, NewFacts
from healthcode.evidence.queries import REGISTRATIONS
from healthcode.evidence.terms import Proposed
from healthcode.kit.db import Transaction, array_of_bytes
from healthcode.kit.errors import Refused
from healthcode.kit.words import Words
from healthcode.people import ensure, residences


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
    weighed: bool = True  # False: said in person, or approved by a second person
    about: int | None = None  # the one person of ours that every row is about

    def record(self, what: str, part: Part) -> Batch:
        """Decide and write rows of which no two are about the same thing."""
        kind = queries.DESIGNATING if what == "designations" else queries.STATING
        self.transaction.run(kind, {"client": _name(self.client, self.about)})
        if what == "people":
            return introduced(self.transaction, self.client, self.desk, part.rows)
        return self._facts(part) if what == "evidence" else self._designations(part)

    def _facts(self, rows: Part) -> Batch:
        # A replay's own database shows nobody a colour.
        weighed = self.weighed and not self.desk.replay
        waiting = self._waiting(EVIDENCE, rows)
        states = self._states(queries.FACT_STATES, rows)
        known = rows.sought.persons(self.transaction, self.client)
        if not (waiting or states) and (all_new := self._all_new(rows, known)):
            return all_new
        persons = _named(rows, known)
        homes = self._homes(rows.rows, persons)
        # Documents can become known, and a replay's keys too; but a row that is not taken makes
        # nobody known. Until a row is decided such a person has a number of no person.
        unknown = {
            name: subject
            for name, subject in rows.named.items()
            if name not in persons and (subject.kind or self.desk.replay)
        }
        candidates = persons | {name: -n for n, name in enumerate(unknown, start=1)}

        def decide(said: Said, state: State | None) -> Outcome:
            person = candidates.get(said["subject"][1])
            other = said["with"] and candidates.get(said["with"][1])
            return self.desk.fact(said, state, Named(person, other, homes.get(person or 0, "")))

        batch, changes = self._decided(EVIDENCE, rows.rows, states, waiting, decide)
        if unknown:
            taken = named(change.said for change in changes if change.is_new)
            subjects = {name: subject for name, subject in unknown.items() if name in taken}
            made = ensure(self.transaction, self.client, list(subjects.values()))
            persons |= {name: made[subject] for name, subject in subjects.items()}
        self._propose(
            batch,
            FactChanges(
                self.transaction,
                self.client,
                changes,
                self.desk.registrations,
                weighed,
                persons=persons,
            ),
        )
        return batch

    def _designations(self, rows: Part) -> Batch:
        registration = designating(self.client, self.desk.registrations)
        weighed = self.weighed and not self.desk.replay
        waiting = self._waiting("designations", rows)
        states = self._states(queries.DESIGNATION_STATES, rows)

        def decide(said: Said, state: State | None) -> Outcome:
            return self.desk.designation(said, state, registration)

        batch, changes = self._decided("designations", rows.rows, states, waiting, decide)
        for change in changes:
            self._propose(
                batch,
                DesignationChanges(
                    self.transaction,
                    self.client,
                    [change],
                    self.desk.registrations,
                    weighed,
                    source=registration.source,
                ),
            )
        return batch

    def _all_new(self, rows: Part, known: Mapping[bytes, int]) -> Batch | None:
        """Record them all at once; None where a row must be looked at by itself."""
        columns = rows.columns
        if columns is None or not all(self.desk.takes(*said) for said in columns.says):
            return None
        if not known.keys() >= set(columns.hashes):
            return None
        persons = [known[hashed] for hashed in columns.hashes]
        with_others = [(columns.about[row], other) for row, other in columns.others]
        if any(persons[one] == persons[other] for one, other in with_others):
            return None
        batch = Batch()
        batch.counts[Outcome.RECORDED] = len(rows)
        weighed = self.weighed and not self.desk.replay
        changes = NewFacts(
            self.transaction,
            self.client,
            (),
            self.desk.registrations,
            weighed,
            part=rows,
            numbers=persons,
        )
        self._propose(batch, changes)
        return batch

    def _homes(self, rows: Sequence[Staged], persons: Mapping[str, int]) -> dict[int, str]:
        """Where those live of whom a row gives no area."""
        homeless = {
            persons[said["subject"][1]]
            for _, _, said in rows
            if not said.get("area") and "subject" in said and said["subject"][1] in persons
        }
        return residences(self.transaction, homeless) if homeless else {}

    def _propose(self, batch: Batch, changes: FactChanges | DesignationChanges) -> None:
        if not changes.count:
            return
        self.transaction.publish(Proposed(changes))
        for change in changes.held:
            batch.counts[change.outcome] -= 1
            batch.counts[Outcome.PROPOSED] += 1

    def _waiting(self, what: str, rows: Part) -> set[str]:
        """Which of these rows wait for a second person, by their ids."""
        about = {"client": self.client, "what": what}
        if self.transaction.run(queries.ANYTHING_WAITS, about).scalar_one_or_none() is None:
            return set()
        values = about | {"row_ids": rows.row_ids}
        return {
            bytes(found).hex() for found in self.transaction.run(queries.WAIT, values).scalars()
        }

    def _states(self, query: sa.TextClause, rows: Part) -> dict[str, State]:
        found = self.transaction.run(query, {"client": self.client, "row_ids": rows.row_ids})
        return {
            bytes(row.row_id).hex(): State(
                bytes(row.content), row.made, row.source, row.source_class, row.kind
            )
            for row in found
        }

    def _decided(
        self,
        what: str,
        rows: Sequence[Staged],
        states: dict[str, State],
        waiting: set[str],
        decide: Callable[[Said, State | None], Outcome],
    ) -> tuple[Batch, list[Change]]:
        batch = Batch()
        changes: list[Change] = []
        newer: list[str] = []
        outcomes: list[Outcome] = []
        for each in rows:
            said = each.said
            row_id, retract = said["row_id"], said["retract"]
            state = states.get(row_id)
            recorded = state is not None and state.made is not None
            try:
                if retract and row_id in waiting and not recorded:
                    outcome = Outcome.RETRACTED
                else:
                    outcome = self.desk.retraction(state) if retract else decide(said, state)
            except Rejected as rejected:
                batch.rejected.append((each, rejected))
                continue
            outcomes.append(outcome)
            if row_id in waiting:
                newer.append(row_id)
            if outcome is not Outcome.UNCHANGED and (recorded or not retract):
                changes.append(Change.of(said, outcome, state))
        batch.counts = {each: outcomes.count(each) for each in Outcome}
        if newer:  # a newer word that is taken takes the place of the one that waits
            values = {"client": self.client, "what": what, "row_ids": array_of_bytes(newer)}
            self.transaction.run(queries.WITHDRAW, values)
        return batch, changes


def alone(transaction: Transaction, client: str, about: int | None = None) -> None:
    """Until the commit nobody else writes rows of this client, or of it about this person.

    A whole city says things of itself as one client: each person is alone.
    """
    transaction.run(queries.LOCK_CLIENT, {"client": _name(client, about)})


def _name(client: str, about: int | None) -> str:
    return client if about is None else f"{client}/{about}"


def _named(rows: Part, known: Mapping[bytes, int]) -> dict[str, int]:
    """Who is known already, by the hash by which a row names them."""
    ours = {n: int.from_bytes(s.hashed) for n, s in rows.named.items() if s.kind == OURS}
    return ours | {hashed.hex(): person for hashed, person in known.items()}


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
    batch = Recorder(transaction, client, desk).record(what, Part([staged]))
    if batch.rejected:
        raise batch.rejected[0][1]
    return next(outcome for outcome, count in batch.counts.items() if count)


def say(
    transaction: Transaction,
    client: str,
    desk: Desk,
    person: int,
    rows: Sequence[dict[str, str]],
    *,
    weighed: bool = True,
) -> Batch:
    """Record rows of evidence about a person of ours; the same row again is nothing new.

    Raises Rejected for the first row that is not taken.
    """
    reader = Reader(client, transaction.keys, transaction.now, frozenset(desk.registrations))
    subject = [OURS, person.to_bytes(8).hex(), None]
    staged = [
        Staged(number, number, reader.read_about(subject, row))
        for number, row in enumerate(rows, start=1)
    ]
    recorder = Recorder(transaction, client, desk, weighed=weighed, about=person)
    batch = recorder.record(EVIDENCE, Part(staged))
    if batch.rejected:
        raise batch.rejected[0][1]
    return batch
