"""What may happen to registered places: they are registered, changed, found and closed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from healthcode.kit.db import Transaction, copy_in
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Language, Words
from healthcode.places import queries
from healthcode.places.checking import Wrong, checked
from healthcode.places.tables import registered
from healthcode.places.terms import Place, PlaceKind, PlaceRegistration, around, kept_code

RANDOM_BYTES = 9  # 72 bits: nobody guesses the id of a place, and twelve letters fit a QR code


class BadPlace(BadInput):
    """A place that cannot be registered as asked."""

    words = Words(
        zh="场所未登记，{column} 有误：{reason}",
        en="The place was not registered, because of {column}: {reason}",
    )

    def __init__(self, wrong: Wrong) -> None:
        self.wrong = wrong
        super().__init__()

    def say(self, language: Language) -> str:
        """Which column, and why; never what it said."""
        reason = self.wrong.words.in_language(language)
        return self.words.in_language(language).format(column=self.wrong.column, reason=reason)


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of registrations: how many were new, changed or unchanged; those closed."""

    new: int
    changed: int
    unchanged: int
    closed: frozenset[str]  # keys


def register_place(transaction: Transaction, asked: PlaceRegistration) -> Place:
    """Register a place, or change what its key stands for. Raises BadPlace."""
    found = checked(asked)
    if isinstance(found, Wrong):
        raise BadPlace(found)
    if register_checked(transaction, [found]).closed:
        raise BadPlace(Wrong("key", "closed"))
    return _of_keys(transaction, [found])[found.key]


def register_checked(transaction: Transaction, asked: Sequence[PlaceRegistration]) -> Registered:
    """Register places that `checked` let pass, each key once; a place keeps its public id."""
    transaction.run(queries.ALONE)
    known = _of_keys(transaction, asked)
    new = [each for each in asked if each.key not in known]
    closed = {key for key, place in known.items() if place.closed_at is not None}
    changed = [
        each
        for each in asked
        if each.key in known and each.key not in closed and not _says(known[each.key], each)
    ]
    copy_in(
        transaction.connection,
        "places.registered (public_id, client_key, kind, name, division, phone, community_name,"
        " community_phone, made_at)",
        (_row(transaction, each) for each in new),
    )
    if changed:
        transaction.run(queries.CHANGE, [asdict(each) for each in changed])
    unchanged = len(asked) - len(new) - len(changed) - len(closed)
    return Registered(len(new), len(changed), unchanged, frozenset(closed))


def close_place(transaction: Transaction, public_id: str) -> bool:
    """Close a place: its gate's accounts decide nothing from now on. False if it was not open."""
    is_open = sa.and_(registered.c.public_id == public_id, registered.c.closed_at.is_(None))
    closing = sa.update(registered).where(is_open).values(closed_at=transaction.now)
    return transaction.run(closing).rowcount > 0


def place(transaction: Transaction, public_id: str) -> Place | None:
    """The place with this public id, closed ones too; None if there is none."""
    if "\x00" in public_id:  # which PostgreSQL takes in no text
        return None
    row = transaction.run(queries.PLACE, {"public_id": public_id}).one_or_none()
    return None if row is None else _place(row)


def places_registered(transaction: Transaction) -> list[Place]:
    """Every registered place, by division and name; closed ones too."""
    return [_place(row) for row in transaction.run(queries.PLACES)]


def nearest_fever_clinic(transaction: Transaction, division: str) -> Place | None:
    """An open fever clinic of the same community, street, district, or else city.

    The first by name where several are as near; None where the city has none. Raises ValueError
    if `division` is no division code.
    """
    asked = {"around": list(around(kept_code(division)))}
    row = transaction.run(queries.NEAREST_FEVER_CLINIC, asked).one_or_none()
    return None if row is None else _place(row)


def _of_keys(transaction: Transaction, asked: Sequence[PlaceRegistration]) -> dict[str, Place]:
    rows = transaction.run(queries.OF_KEYS, {"keys": [each.key for each in asked]})
    return {row.client_key: _place(row) for row in rows}


def _place(row: sa.Row[Any]) -> Place:
    return Place(
        public_id=row.public_id,
        kind=PlaceKind(row.kind),
        name=row.name,
        division=row.division,
        phone=row.phone,
        community_name=row.community_name,
        community_phone=row.community_phone,
        closed_at=row.closed_at,
        key=row.client_key,
    )


def _says(known: Place, asked: PlaceRegistration) -> bool:
    return all(
        getattr(known, name) == said for name, said in asdict(asked).items() if name != "key"
    )


def _row(transaction: Transaction, asked: PlaceRegistration) -> tuple[object, ...]:
    public_id = secrets.token_urlsafe(RANDOM_BYTES)
    return (public_id, *asdict(asked).values(), transaction.now)
