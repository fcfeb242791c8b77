"""What may happen to people: they become known, by document or by a department's key.

One document is one person: the primary key of `people.documents` decides every race.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from healthcode.kit.db import Transaction, array_of, array_of_bytes
from healthcode.kit.secrets import KeyRing
from healthcode.people import queries
from healthcode.people.tables import persons
from healthcode.people.terms import Document, is_document

NUMBER = "people.documents.number"
KEY = "people.keys.key"
NAME = "people.persons.name"
NOTHING = array_of(())


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a row is about: a document's kind, or "" for a client's own key; never in clear."""

    kind: str
    hashed: bytes
    # Sealing is never twice the same, so it says nothing about who is meant.
    sealed: bytes | None = field(default=None, compare=False, repr=False)

    def __hash__(self) -> int:
        """Of the hash alone: it is one of kind and number together, or of another kind of key."""
        return hash(self.hashed)

    def written(self, ring: KeyRing) -> str:
        """A document in its one form, `10:1201…`; "" for a client's own key."""
        return f"{self.kind}:{ring.open(self.sealed, NUMBER)}" if self.sealed else ""


@dataclass(frozen=True, slots=True)
class Sought:
    """Subjects as the database is asked about them; made wherever there is time for it."""

    kinds: str  # of the documents; arrays, all three
    papers: str
    keys: str

    @classmethod
    def of(cls, subjects: Iterable[Subject]) -> Sought:
        """The same subject twice is asked about twice."""
        papers: list[Subject] = []
        keys: list[str] = []
        for each in subjects:
            if each.kind:
                papers.append(each)
            else:
                keys.append(each.hashed.hex())
        return cls(
            array_of(each.kind for each in papers),
            array_of_bytes(each.hashed.hex() for each in papers),
            array_of_bytes(keys),
        )

    def persons(self, transaction: Transaction, client: str) -> dict[bytes, int]:
        """The persons of those that are known, by their hashes: no two kinds share one."""
        found: list[Any] = []
        if self.papers != NOTHING:
            values = {"kinds": self.kinds, "hashes": self.papers}
            found += transaction.run(queries.PERSONS_OF_DOCUMENTS, values).all()
        if self.keys != NOTHING:
            values = {"client": client, "hashes": self.keys}
            found += transaction.run(queries.PERSONS_OF_KEYS, values).all()
        return dict(found)


@dataclass(frozen=True, slots=True)
class Introduction:
    """A client's word about a person: what it calls them, perhaps a document, what it states.

    `states` holds any of sex, age, residence (kept code) and name_sealed. A name that the registry
    has `checked` is what a gate compares with the document: nobody else's word changes it.
    """

    subject: Subject
    document: Subject | None
    states: Mapping[str, object]
    checked: bool = False

    @staticmethod
    def seal_name(ring: KeyRing, name: str) -> bytes:
        """A person's name as it is stored."""
        return ring.seal(name, NAME)


@dataclass(frozen=True, slots=True)
class Papers:
    """What stands on a person's document, in clear: for masking, never for showing."""

    name: str = field(repr=False)
    kind: str
    number: str = field(repr=False)


def identify(
    ring: KeyRing, client: str, text: str, today: date, *, own_keys: bool = False
) -> Subject:
    """Whom `10:1201…` (a document) or any other text (the client's own key) means.

    With `own_keys` every text is a key. The number or key is kept only sealed and hashed.
    Raises BadDocument.
    """
    if own_keys or not is_document(text):
        return Subject("", ring.lookup(f"{client}/{text}", KEY))
    document = Document.read(text, today)
    name = f"{document.kind}:{document.number}"
    return Subject(document.kind, ring.lookup(name, NUMBER), ring.seal(document.number, NUMBER))


def persons_of(
    transaction: Transaction, client: str, subjects: Iterable[Subject]
) -> dict[Subject, int]:
    """Those subjects that are known, with their persons."""
    wanted = {each.hashed: each for each in subjects}
    known = Sought.of(wanted.values()).persons(transaction, client)
    return {wanted[hashed]: person for hashed, person in known.items()}


def ensure(
    transaction: Transaction, client: str, subjects: Sequence[Subject]
) -> dict[Subject, int]:
    """The persons of these subjects; those not known yet become known.

    Safe against another transaction that does the same: the loser waits, then takes the winner's
    person.
    """
    known = persons_of(transaction, client, subjects)
    # Sorted, so that two transactions never wait for each other in a circle.
    missing = sorted({s for s in subjects if s not in known}, key=lambda s: (s.kind, s.hashed))
    if not missing:
        return known
    fresh = transaction.run(queries.NEW_PERSON_IDS, {"count": len(missing)}).scalars().all()
    made = _claim(transaction, client, missing, list(fresh))
    if made:
        transaction.run(sa.insert(persons), [{"person": person} for person in made])
    return known | persons_of(transaction, client, missing)


def _claim(
    transaction: Transaction, client: str, subjects: Sequence[Subject], people: list[int]
) -> list[int]:
    """Give each document or key to its person, unless another has it; the persons that got one."""
    made: list[int] = []
    pairs = list(zip(subjects, people, strict=True))
    papers = [(subject, person) for subject, person in pairs if subject.kind]
    if papers:
        values = {
            "kinds": [subject.kind for subject, _ in papers],
            "hashes": [subject.hashed for subject, _ in papers],
            "sealed": [subject.sealed for subject, _ in papers],
            "persons": [person for _, person in papers],
        }
        made += transaction.run(queries.CLAIM_DOCUMENTS, values).scalars()
    own = [(subject, person) for subject, person in pairs if not subject.kind]
    if own:
        values = {
            "client": client,
            "hashes": [subject.hashed for subject, _ in own],
            "persons": [person for _, person in own],
        }
        made += transaction.run(queries.CLAIM_KEYS, values).scalars()
    return made


def introduce(
    transaction: Transaction, client: str, rows: Sequence[Introduction]
) -> list[int | None]:
    """Make people known, or say more of them; the person of each row.

    None where the row's document is another person's already: joining two records takes the
    registry or two members of staff. A subject or document stands in one row at most.
    """
    named = [who for row in rows for who in (row.subject, row.document) if who is not None]
    known = persons_of(transaction, client, named)
    fresh = transaction.run(queries.NEW_PERSON_IDS, {"count": len(rows)}).scalars().all()
    meant = [
        known.get(row.subject) or known.get(row.document or row.subject) or new
        for row, new in zip(rows, fresh, strict=True)
    ]
    papers = [
        (paper, who)
        for row, who in zip(rows, meant, strict=True)
        for paper in (row.subject, row.document)
        if paper is not None and paper.kind and paper not in known
    ]
    # All documents in one ordered statement, as `ensure` does: nobody waits in a circle.
    made = _claim_pairs(transaction, client, papers)
    owners = known | persons_of(transaction, client, [paper for paper, _ in papers])
    people = [
        owners.get(row.subject) or owners.get(row.document or row.subject) or who
        for row, who in zip(rows, meant, strict=True)
    ]
    made |= _claim_pairs(
        transaction,
        client,
        [
            (row.subject, who)
            for row, who in zip(rows, people, strict=True)
            if not row.subject.kind and row.subject not in known
        ],
    )
    added = sorted(made & set(fresh))
    if added:
        transaction.run(sa.insert(persons), [{"person": person} for person in added])
    taken = [
        who if row.document is None or owners[row.document] == who else None
        for row, who in zip(rows, people, strict=True)
    ]
    said = [
        (who, dict(row.states) | {"checked": row.checked})
        for who, row in zip(taken, rows, strict=True)
        if who
    ]
    _state(transaction, said)
    return taken


def _claim_pairs(
    transaction: Transaction, client: str, pairs: Sequence[tuple[Subject, int]]
) -> set[int]:
    """Give each document or key to its person, the first named; the persons that got one."""
    firsts = dict(reversed(pairs))
    ordered = sorted(firsts.items(), key=lambda pair: (pair[0].kind, pair[0].hashed))
    claimed = _claim(transaction, client, [who for who, _ in ordered], [who for _, who in ordered])
    return set(claimed)


def _state(transaction: Transaction, said: Sequence[tuple[int, Mapping[str, object]]]) -> None:
    """Keep what was last stated; what a row leaves out stays. In the order of persons."""
    if said:
        rows = [
            {"who": who, "now": transaction.now}
            | {
                name: states.get(name)
                for name in ("sex", "age", "residence", "name_sealed", "checked")
            }
            for who, states in sorted(said, key=lambda pair: pair[0])
        ]
        transaction.run(queries.STATE, rows)


def residences(transaction: Transaction, people: Iterable[int]) -> dict[int, str]:
    """The residence of each person as last stated; "" where nobody said."""
    asked = {"persons": array_of(sorted(set(people)))}
    found: list[Any] = [*transaction.run(queries.RESIDENCES, asked)]
    return dict(found)


def papers_of(transaction: Transaction, person: int) -> Papers | None:
    """The person's name and first document; None where either is not known."""
    found = transaction.run(queries.PAPERS, {"person": person}).one_or_none()
    if found is None:
        return None
    ring = transaction.keys
    number = ring.open(found.number_sealed, NUMBER)
    return Papers(ring.open(found.name_sealed, NAME), found.kind, number)
