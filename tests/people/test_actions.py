"""How people become known, and that one document is one person, whoever else is at it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
import sqlalchemy as sa

from healthcode.kit.db import Database, Transaction
from healthcode.people import (
    BadDocument,
    Introduction,
    Subject,
    actions,
    ensure,
    identify,
    introduce,
    persons_of,
    residences,
)
from healthcode.people.terms import resident_number

TODAY = date(2020, 2, 20)
THREADS = 8


def numbered(number: int) -> str:
    return f"10:{resident_number('120101', date(1990, 1, 1), number)}"


ANNA, BO = numbered(1), numbered(2)


def named(transaction: Transaction, text: str, client: str = "health") -> Subject:
    return identify(transaction.keys, client, text, TODAY)


def says(
    transaction: Transaction, subject: str, document: str = "", **states: object
) -> Introduction:
    paper = named(transaction, document) if document else None
    return Introduction(named(transaction, subject), paper, states)


def test_a_document_is_the_same_subject_for_everybody_and_a_key_is_not(
    transaction: Transaction,
) -> None:
    assert named(transaction, ANNA, "a") == named(transaction, ANNA, "b")
    assert named(transaction, "TJ1", "a") != named(transaction, "TJ1", "b")
    wide = ANNA.replace(":", "：").replace("1", "１")
    assert named(transaction, wide) == named(transaction, ANNA)


def test_a_document_that_cannot_be_is_refused_and_a_replays_keys_never_are(
    transaction: Transaction,
) -> None:
    with pytest.raises(BadDocument):
        named(transaction, "10:123")
    own = identify(transaction.keys, "replay", "10:123", TODAY, own_keys=True)
    assert (own.kind, own.sealed) == ("", None)


def test_a_subject_never_shows_a_number_or_a_key(transaction: Transaction) -> None:
    for text in (ANNA, "CASE-XQZW"):
        shown = repr(named(transaction, text))
        assert ANNA[3:] not in shown
        assert "XQZW" not in shown
    sealed = named(transaction, ANNA).sealed
    assert sealed is not None
    assert transaction.keys.open(sealed, actions.NUMBER) == ANNA[3:]
    assert (
        transaction.keys.open(Introduction.seal_name(transaction.keys, "安娜"), actions.NAME)
        == "安娜"
    )


def test_whoever_is_named_becomes_known_once(transaction: Transaction) -> None:
    anna, bo, key = (named(transaction, text) for text in (ANNA, BO, "TJ1"))
    assert persons_of(transaction, "health", [anna, key]) == {}
    made = ensure(transaction, "health", [anna, key, anna, named(transaction, ANNA)])
    assert set(made) == {anna, key}
    again = ensure(transaction, "health", [bo, anna, key])
    assert {who: again[who] for who in (anna, key)} == made
    assert persons_of(transaction, "health", [anna, bo, key]) == again
    everybody = transaction.run(sa.text("SELECT person FROM people.persons ORDER BY person"))
    assert sorted(again.values()) == list(everybody.scalars())
    assert ensure(transaction, "health", []) == {}


def test_a_key_is_known_to_its_own_client_alone(transaction: Transaction) -> None:
    mine = named(transaction, "TJ1", "a")
    ensure(transaction, "a", [mine])
    assert persons_of(transaction, "b", [mine]) == {}
    assert persons_of(transaction, "b", [named(transaction, "TJ1", "b")]) == {}


def test_an_introduction_joins_a_key_to_the_documents_owner(transaction: Transaction) -> None:
    owner = ensure(transaction, "health", [named(transaction, ANNA)])[named(transaction, ANNA)]
    assert introduce(transaction, "health", [says(transaction, "TJ1", ANNA)]) == [owner]
    assert introduce(transaction, "health", [says(transaction, "TJ1")]) == [owner]
    assert introduce(transaction, "health", [says(transaction, ANNA)]) == [owner]


def test_an_introduction_gives_a_document_to_a_known_key(transaction: Transaction) -> None:
    (known,) = introduce(transaction, "health", [says(transaction, "TJ1")])
    assert introduce(transaction, "health", [says(transaction, "TJ1", ANNA)]) == [known]
    assert persons_of(transaction, "health", [named(transaction, ANNA)]) == {
        named(transaction, ANNA): known
    }


def test_another_persons_document_is_refused_and_what_the_row_states_is_not_kept(
    transaction: Transaction,
) -> None:
    rows = [says(transaction, ANNA, residence="120101"), says(transaction, "TJ2")]
    anna, other = introduce(transaction, "health", rows)
    wrong = says(transaction, "TJ2", ANNA, residence="120102")
    assert introduce(transaction, "health", [wrong]) == [None]
    assert residences(transaction, [anna or 0, other or 0]) == {anna: "120101", other: ""}


def test_what_a_row_leaves_out_stays_as_it_was_stated(transaction: Transaction) -> None:
    name = Introduction.seal_name(transaction.keys, "安娜")
    for states in (
        {"sex": 2, "age": 59, "residence": "120101", "name_sealed": name},
        {"age": 60},
        {},
    ):
        (anna,) = introduce(transaction, "health", [says(transaction, ANNA, **states)])
    kept = transaction.run(sa.text("SELECT * FROM people.persons")).one()
    assert (kept.person, kept.sex, kept.age, kept.residence) == (anna, 2, 60, "120101")
    assert (bytes(kept.name_sealed), kept.stated_at) == (name, transaction.now)


def test_of_people_who_are_not_there_no_residence_is_said(transaction: Transaction) -> None:
    assert residences(transaction, []) == {}
    assert residences(transaction, [10**12]) == {}


def _count(database: Database, query: str) -> list[int]:
    with database.transaction() as transaction:
        return list(transaction.run(sa.text(query)).one())


def _ensure_many(database: Database, seed: int, barrier: Barrier) -> dict[str, int]:
    chance = random.Random(seed)
    found: dict[str, int] = {}
    for _ in range(6):
        texts = chance.sample([numbered(n) for n in range(60)], 25)
        barrier.wait(30)
        with database.transaction() as transaction:
            named_so = {text: named(transaction, text) for text in texts}
            made = ensure(transaction, f"client-{seed}", list(named_so.values()))
            found |= {text: made[subject] for text, subject in named_so.items()}
    return found


def test_one_document_is_one_person_however_many_name_it_at_once(fresh: Database) -> None:
    barrier = Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(_ensure_many, fresh, seed, barrier) for seed in range(THREADS)]
        found = [each.result(60) for each in running]
    owners: dict[str, set[int]] = {}
    for each in found:
        for text, person in each.items():
            owners.setdefault(text, set()).add(person)
    assert all(len(people) == 1 for people in owners.values())
    documents, their_people, people = _count(
        fresh,
        "SELECT (SELECT count(*) FROM people.documents),"
        " (SELECT count(DISTINCT person) FROM people.documents),"
        " (SELECT count(*) FROM people.persons)",
    )
    assert documents == their_people == people == len(owners)
