"""The second person: how many people one account or source may turn orange or red on a day.

Counted are the people who would show orange or red, now or later, and do not now. Counted for
everybody on whose word it comes: the account, the client, whoever made them, and the source. Over
the limit a change waits, known at no k, until a second natural person approves it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from datetime import date
from itertools import islice

from healthcode.access import makers
from healthcode.evidence import Designated, Proposed
from healthcode.kit.clock import local_today
from healthcode.kit.db import Transaction
from healthcode.rulebook import functions, queries
from healthcode.rulebook.actions import AT_ONCE, binding_at, reassess
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
    days = _days(transaction, accounts | {f"source:{name}" for name in changes.sources})
    today = local_today(transaction.now)
    room = _room(days, today)
    few = not changes.whole and 2 * changes.count <= min(room.values(), default=0)
    with nullcontext() if few else transaction.savepoint() as point:  # of few, nobody waits
        touched = changes.write(frozenset())
        if changes.whole:
            touched = dict.fromkeys(_under(transaction, changes.designated), changes.sources)
            turning, waiting = _all_or_nobody(transaction, touched, room)
        else:
            turning, waiting = _first_come(transaction, touched, accounts, room)
        if waiting:
            assert point is not None  # few are never over the limit
            point.rollback()
    if waiting:
        written = changes.write(waiting)
        turning = [person for person in turning if person in written]
    spent = Counter(b for who in turning for b in _buckets(room, accounts, touched[who]))
    rows = [
        {"bucket": bucket, "today": today, "people": spent[bucket]}
        for bucket in sorted(room)
        if spent[bucket] or today not in days[bucket]  # that nobody turned is usual, too
    ]
    if rows:
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


def _days(transaction: Transaction, buckets: set[str]) -> dict[str, dict[date, int]]:
    """How many people each turned today and before, the latest day first.

    Nobody else counts there until we commit.
    """
    asked = {"buckets": sorted(buckets)}
    transaction.run(queries.LOCK_BUCKETS, asked)
    days: dict[str, dict[date, int]] = {bucket: {} for bucket in asked["buckets"]}
    values = asked | {"today": local_today(transaction.now), "most": REMEMBERED + 1}
    for row in transaction.run(queries.TURNED, values):
        days[row.bucket][row.day] = row.people
    return days


def _room(days: Mapping[str, Mapping[date, int]], today: date) -> dict[str, int]:
    """How many more people each may turn today, from how many it were on each day."""
    room: dict[str, int] = {}
    for bucket, people in days.items():
        earlier = [count for day, count in people.items() if day != today]
        room[bucket] = limit(earlier[:REMEMBERED]) - people.get(today, 0)
    return room


def limit(earlier: list[int]) -> int:
    """People a day, from how many it were on earlier days; nothing is usual on a first day."""
    if not earlier:
        return MOST
    return max(LEAST, min(MOST, USUAL_DAYS * sum(earlier) // len(earlier)))


def _turning(transaction: Transaction, persons: Iterable[int]) -> Iterator[int]:
    rest = iter(persons)
    while some := list(islice(rest, AT_ONCE)):
        asked = {"persons": some, "moment": transaction.now}
        yield from transaction.run(functions.TURNING, asked).scalars()


def _may_turn(transaction: Transaction, touched: Iterable[int]) -> list[int]:
    """The few who need weighing: most of what is said of people turns nobody."""
    able = set(transaction.run(functions.MAY_TURN, {"moment": transaction.now}).scalars())
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
