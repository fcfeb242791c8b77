"""The second person: how many people one account or source may turn orange or red on a day.

Counted are the people who would show orange or red, now or later, and do not now. Counted for
everybody on whose word it comes: the account, the client, whoever made them, and the source. Over
the limit a change waits, known at no k, until a second natural person approves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import islice

from healthcode.access import makers
from healthcode.evidence import Designated, Proposed
from healthcode.kit.clock import local_today
from healthcode.kit.db import Transaction
from healthcode.rulebook import queries
from healthcode.rulebook.actions import AT_ONCE, binding_at, key_in_force, reassess
from healthcode.rulebook.functions import may_turn_by, turning_by
from healthcode.rulebook.reaching import reached

MOST = 500  # people a day: more than a clinic finds, far fewer than a quarter of a city
LEAST = 20  # so that a quiet office can still report a family and its guests
WIDEST = 200_000  # people under one designation: about two seconds, in which all evidence waits
USUAL_DAYS = 5  # times what is usual: an outbreak grows faster than that only once
REMEMBERED = 14  # earlier days on which anything came, of which the mean is the usual day


def on_proposed(transaction: Transaction, event: Proposed) -> None:
    """Write what is asked for, up to the limit of everybody on whose word it comes."""
    changes = event.changes
    if not changes.weighed:
        changes.write(frozenset())
        changes.tell()
        return
    chain = {each for name in changes.words_of for each in makers(transaction, name)}
    accounts = {f"account:{name}" for name in chain}
    room = _room(transaction, accounts | {f"source:{name}" for name in changes.sources})
    with transaction.savepoint() as point:
        touched = changes.write(frozenset())
        if changes.whole:
            touched = dict.fromkeys(_under(transaction, changes.designated), changes.sources)
            turning, waiting = _all_or_nobody(transaction, touched, room)
        else:
            turning, waiting = _first_come(transaction, touched, accounts, room)
        if waiting:
            point.rollback()
    if waiting:
        written = changes.write(waiting)
        turning = [person for person in turning if person in written]
    spent = dict.fromkeys(room, 0)
    for person in turning:
        for bucket in _buckets(room, accounts, touched[person]):
            spent[bucket] += 1
    today = local_today(transaction.now)
    rows = [{"bucket": b, "today": today, "people": count} for b, count in sorted(spent.items())]
    transaction.run(queries.COUNT_TURNED, rows)
    changes.tell()
    if len(touched) > AT_ONCE:
        reassess(transaction, turning)  # the others are a job's; whoever was counted shows it now


def _under(transaction: Transaction, designated: Designated) -> set[int]:
    """Whom designations reach; of more than `WIDEST`, one more than that."""
    rulebook = binding_at(transaction, transaction.now).rulebook
    persons: set[int] = set()
    for person in reached(transaction, rulebook, designated, most=WIDEST + 1):
        persons.add(person)
        if len(persons) > WIDEST:
            break
    return persons


def _buckets(room: Mapping[str, int], accounts: set[str], sources: Iterable[str]) -> set[str]:
    return (accounts | {f"source:{name}" for name in sources}) & room.keys()


def _room(transaction: Transaction, buckets: set[str]) -> dict[str, int]:
    """How many more people each may turn today; nobody else counts there until we commit."""
    today = local_today(transaction.now)
    asked = {"buckets": sorted(buckets)}
    transaction.run(queries.LOCK_BUCKETS, asked)
    days: dict[str, dict[date, int]] = {bucket: {} for bucket in asked["buckets"]}
    for row in transaction.run(queries.TURNED, asked | {"today": today, "most": REMEMBERED + 1}):
        days[row.bucket][row.day] = row.people
    return {bucket: _left(people, today) for bucket, people in days.items()}


def _left(people: dict[date, int], today: date) -> int:
    """How many more today, from how many it were on each day, the latest first."""
    spent = people.pop(today, 0)
    return limit(list(people.values())[:REMEMBERED]) - spent


def limit(earlier: list[int]) -> int:
    """People a day, from how many it were on earlier days; nothing is usual on a first day."""
    if not earlier:
        return MOST
    return max(LEAST, min(MOST, USUAL_DAYS * sum(earlier) // len(earlier)))


def _turning(transaction: Transaction, persons: Iterable[int]) -> Iterator[int]:
    rest = iter(persons)
    while some := list(islice(rest, AT_ONCE)):
        asked = {"persons": some, "moment": transaction.now}
        yield from transaction.run(turning_by(key_in_force(transaction)), asked).scalars()


def _may_turn(transaction: Transaction, touched: Iterable[int]) -> list[int]:
    """The few who need weighing: most of what is said of people turns nobody."""
    able = set(transaction.run(may_turn_by(key_in_force(transaction))).scalars())
    return [person for person in touched if person in able]


def _first_come(
    transaction: Transaction,
    touched: Mapping[int, frozenset[str]],
    accounts: set[str],
    room: Mapping[str, int],
) -> tuple[list[int], frozenset[int]]:
    """Who turns, in the order they came, and who waits."""
    found = set(_turning(transaction, _may_turn(transaction, touched)))
    left = dict(room)
    passing: list[int] = []
    waiting: set[int] = set()
    for person in (each for each in touched if each in found):
        buckets = _buckets(room, accounts, touched[person])
        if any(left[bucket] <= 0 for bucket in buckets):
            waiting.add(person)
            continue
        passing.append(person)
        for bucket in buckets:
            left[bucket] -= 1
    return passing, frozenset(waiting)


def _all_or_nobody(
    transaction: Transaction, touched: Mapping[int, frozenset[str]], room: Mapping[str, int]
) -> tuple[list[int], frozenset[int]]:
    """Everybody who turns, or everybody waits; so they do where it is too long to find out."""
    if len(touched) > WIDEST:
        return [], frozenset(touched)
    most = max(0, min(room.values()))
    turning = list(islice(_turning(transaction, touched), most + 1))
    return (turning, frozenset()) if len(turning) <= most else ([], frozenset(turning))
