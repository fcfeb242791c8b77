"""News reaches exactly whom it touches: n facts about n persons, and whoever a designation covers.

The rulebook looks two local days back under `high` (stays, by area), 36 hours under `medium`
(stays, by area or place), and not at all under `exposure` (stays, by place).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcode.evidence import Designated
from healthcode.evidence import queries as evidence
from healthcode.evidence import terms as evidence_terms
from healthcode.evidence.actions import SourceRegistration, designate, register
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.pushing import push
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.people import identify, persons_of
from healthcode.rulebook import weighing
from healthcode.rulebook.actions import enact
from healthcode.rulebook.reaching import reached
from tests.conftest import NOON
from tests.evidence.feeding import CITY, RolledBack, document
from tests.rulebook import oracle
from tests.rulebook.every_word import EVERY_WORD
from tests.rulebook.facts import Designation, Fact, Going
from tests.rulebook.strategies import World, worlds
from tests.rulebook.worlds import put

HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)
BEGINS, ENDS = datetime(2020, 2, 10, 4, tzinfo=UTC), datetime(2020, 2, 14, 4, tzinfo=UTC)
TWO_DAYS_BACK = datetime(2020, 2, 7, 16, tzinfo=UTC)  # local midnight of 8 February
DURING = BEGINS + HOUR


@dataclass
class City:
    """A house in which one bureau may write everything; each step happens an hour later."""

    house: RolledBack
    steps: int = 0

    def __post_init__(self) -> None:
        kinds = ("*", "designation")
        asked = SourceRegistration("bureau", "bureau", "authority", kinds, ("all",))
        with self.house.transaction() as transaction:
            register(transaction, asked)

    def _later(self) -> RolledBack:
        self.steps += 1
        return replace(self.house, clock=SetClock(NOON + self.steps * HOUR))

    def designates(self, **row: str) -> Outcome:
        said = {"level": "high", "started_at": BEGINS.isoformat()} | row
        with self._later().transaction() as transaction:
            return designate(transaction, "bureau", CITY, said)

    def sends(self, *rows: dict[str, str]) -> None:
        with self._later().transaction() as transaction:
            pushed = push(transaction, "bureau", "bureau", CITY, list(rows))
        assert pushed.rejected == []

    def reassessed(self) -> set[int]:
        """Who was judged anew in the last step."""
        query = "SELECT person FROM rulebook.standings WHERE assessed_at = :at"
        at = NOON + self.steps * HOUR
        with self.house.transaction() as transaction:
            return set(transaction.run(sa.text(query), {"at": at}).scalars())


@pytest.fixture
def city(shared_database: Database, by_every_word: Transaction) -> City:
    return City(RolledBack.of(shared_database, by_every_word))


def stay(**says: Any) -> Fact:
    """A moment in a district while the level holds."""
    said = {"kind": "stay", "area": "420106", "started_at": DURING} | says
    return Fact(fact=0, person=0, source="bureau", source_class="authority",
                recorded_at=BEGINS, **said)  # fmt: skip


def happen(city: City, stories: dict[str, tuple[Fact, ...]]) -> dict[int, str]:
    """Each story is told of a person of its own; whom it is told of."""
    told = [(name, fact) for name, facts in stories.items() for fact in facts]
    people = {name: number for number, name in enumerate(stories, start=1)}
    with city.house.transaction() as transaction:
        put(
            transaction,
            people.values(),
            [replace(f, fact=n, person=people[name]) for n, (name, f) in enumerate(told, start=1)],
        )
        moved = "SELECT setval(pg_get_serial_sequence('evidence.facts', 'fact'), 1000)"
        transaction.run(sa.text(moved))
    return {number: name for name, number in people.items()}


def split(touched: dict[str, Fact], untouched: dict[str, Fact]) -> dict[str, tuple[Fact, ...]]:
    return {name: (fact,) for name, fact in (touched | untouched).items()}


# ---------------------------------------------------------------- each edge


IN_TIME = {
    "a moment": stay(),
    "ended as the look-back begins": stay(started_at=BEGINS - 99 * HOUR, ended_at=TWO_DAYS_BACK),
    "a moment as the look-back begins": stay(started_at=TWO_DAYS_BACK),
    "began just before the end": stay(started_at=ENDS - INSTANT, ended_at=ENDS + HOUR),
    "was there all along": stay(started_at=TWO_DAYS_BACK - HOUR, ended_at=ENDS + HOUR),
    "is there still": stay(started_at=TWO_DAYS_BACK - HOUR, ended_at=Going.ON),
}
NOT_IN_TIME = {
    "ended before the look-back": stay(
        started_at=BEGINS - 99 * HOUR, ended_at=TWO_DAYS_BACK - INSTANT
    ),
    "a moment before the look-back": stay(started_at=TWO_DAYS_BACK - INSTANT),
    "began at the end": stay(started_at=ENDS, ended_at=Going.ON),
}
THERE = {
    "in the division itself": stay(area="4201"),
    "in a part": stay(area="420106"),
    "in a part of a part": stay(area="420106001"),
    "in its last part": stay(area="420199"),
    "there and at a place": stay(place="store"),
}
NOT_THERE = {
    "in the whole": stay(area="42"),
    "next door": stay(area="4202"),
    "in the division before": stay(area="4200"),
    "in another that ends so": stay(area="1420"),
    "nowhere known": stay(area=""),
    "at a place that is so called": stay(area="", place="4201"),
}
OTHER_KINDS = {
    "a visit": stay(kind="visit"),
    "a declaration": stay(kind="declaration"),
    "a test": stay(kind="test"),
}


@pytest.mark.parametrize(
    ("touched", "untouched"),
    [(IN_TIME, NOT_IN_TIME), (THERE, NOT_THERE), ({"a stay": stay()}, OTHER_KINDS)],
    ids=["when", "where", "what"],
)
def test_a_designation_of_an_area_reassesses_exactly_whoever_was_under_it(
    city: City, touched: dict[str, Fact], untouched: dict[str, Fact]
) -> None:
    names = happen(city, split(touched, untouched))
    city.designates(area="420100", ended_at=ENDS.isoformat())
    assert {names[person] for person in city.reassessed()} == set(touched)


def test_a_designation_that_is_still_open_reaches_whoever_came_later(city: City) -> None:
    names = happen(city, split(IN_TIME, NOT_IN_TIME))
    city.designates(area="420100")
    later = {"began at the end"}
    assert {names[person] for person in city.reassessed()} == set(IN_TIME) | later


def test_what_was_taken_back_reaches_nobody_unless_something_else_does(city: City) -> None:
    gone = stay(retracted_at=DURING)
    names = happen(city, {"gone": (gone,), "one of two gone": (gone, stay()), "stands": (stay(),)})
    city.designates(area="420100")
    assert {names[person] for person in city.reassessed()} == {"one of two gone", "stands"}


def test_a_designation_of_a_place_reaches_whoever_was_at_it_in_its_hours(city: City) -> None:
    at = {"area": "", "place": "store"}
    there = {
        "as it began": stay(**at, started_at=BEGINS),
        "left as it began": stay(**at, started_at=BEGINS - HOUR, ended_at=BEGINS),
    }
    not_there = {
        "left before": stay(**at, started_at=BEGINS - HOUR, ended_at=BEGINS - INSTANT),
        "came as it ended": stay(**at, started_at=ENDS),
        "elsewhere": stay(area="", place="store 2"),
        "in a district": stay(),
        "on a visit": stay(**at, kind="visit"),
    }
    names = happen(city, split(there, not_there))
    city.designates(level="exposure", area="", place="store", ended_at=ENDS.isoformat())
    assert {names[person] for person in city.reassessed()} == set(there)


def test_a_rule_for_areas_alone_is_not_asked_about_a_place_and_one_for_either_is(
    city: City,
) -> None:
    names = happen(city, {"at": (stay(area="", place="store"),), "in": (stay(),)})
    city.designates(level="high", place="store")
    assert city.reassessed() == set()
    city.designates(level="medium", place="store")
    assert {names[person] for person in city.reassessed()} == {"at"}
    city.designates(level="exposure", area="420100")
    assert city.reassessed() == set()
    city.designates(level="medium", area="420100")
    assert {names[person] for person in city.reassessed()} == {"in"}


def test_a_look_back_in_hours_is_exact(city: City) -> None:
    back = BEGINS - 36 * HOUR
    names = happen(
        city, {"in time": (stay(started_at=back),), "too early": (stay(started_at=back - INSTANT),)}
    )
    city.designates(level="medium", area="420100")
    assert {names[person] for person in city.reassessed()} == {"in time"}


def test_a_correction_reaches_those_under_what_it_was_and_what_it_is(city: City) -> None:
    names = happen(
        city,
        {
            "before": (stay(area="420106"),),
            "after": (stay(area="430101"),),
            "both": (stay(area="420106"), stay(area="430101")),
            "neither": (stay(area="440101"),),
        },
    )
    city.designates(row_id="1", area="420100")
    assert {names[person] for person in city.reassessed()} == {"before", "both"}
    city.designates(row_id="1", area="430100")
    assert {names[person] for person in city.reassessed()} == {"before", "after", "both"}
    city.designates(row_id="1", area="430100", action="retract")
    assert {names[person] for person in city.reassessed()} == {"after", "both"}


def test_a_corrected_end_reaches_those_whom_only_the_longer_time_covered(city: City) -> None:
    names = happen(city, split(IN_TIME, NOT_IN_TIME))
    city.designates(row_id="1", area="420100")
    city.designates(row_id="1", area="420100", ended_at=ENDS.isoformat())
    later = {"began at the end"}
    assert {names[person] for person in city.reassessed()} == set(IN_TIME) | later
    city.designates(row_id="1", area="420100", ended_at=ENDS.isoformat(), action="retract")
    assert {names[person] for person in city.reassessed()} == set(IN_TIME)


def test_a_rulebook_without_a_rule_for_the_level_reassesses_nobody(city: City) -> None:
    happen(city, {"there": (stay(),)})
    no_levels = tuple(rule for rule in EVERY_WORD.rules if rule.when.under is None)
    book = EVERY_WORD.model_copy(update={"version": "2", "rules": no_levels})
    with city.house.transaction() as transaction:
        enact(transaction, book, binds_from=NOON)
    assert city.designates(area="420100") is Outcome.RECORDED
    assert city.reassessed() == set()


def test_what_is_too_wide_to_weigh_is_counted_by_who_is_reached(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "WIDEST", 2)
    happen(city, {str(n): (stay(), stay()) for n in range(2)} | split({}, NOT_IN_TIME))
    assert city.designates(area="420100", ended_at=ENDS.isoformat()) is Outcome.RECORDED
    assert city.designates(area="420000") is Outcome.PROPOSED


# ---------------------------------------------------------------- facts


def test_n_facts_about_n_persons_reassess_exactly_those_n(city: City) -> None:
    def rows(people: range, day: str) -> list[dict[str, str]]:
        said = {"kind": "stay", "area": "420106", "started_at": day}
        return [said | {"subject": document(n)} for n in people]

    city.sends(*rows(range(30), "2020-02-11"))
    city.sends(*rows(range(10, 20), "2020-02-12"), *rows(range(10, 12), "2020-02-13"))
    with city.house.transaction() as transaction:
        asked = [identify(transaction.keys, "", document(n), NOON.date()) for n in range(10, 20)]
        known = persons_of(transaction, "", asked)
    assert city.reassessed() == set(known.values())
    assert len(known) == 10


# ---------------------------------------------------------------- in any world


def _as_news(designation: Designation) -> evidence_terms.Designation:
    return evidence_terms.Designation(
        designation.level,
        designation.area,
        designation.place,
        designation.started_at,
        designation.ended_at,
    )


@settings(max_examples=60)
@given(world=worlds(EVERY_WORD), data=st.data())
def test_whoever_a_designation_changes_is_reached_and_nobody_who_was_not_under_it(
    by_every_word: Transaction, world: World, data: st.DataObject
) -> None:
    real = [each for each in world.designations if each.area or each.place]
    if not real:
        return
    changed = data.draw(st.sampled_from(real))
    savepoint = by_every_word.connection.begin_nested()
    put(by_every_word, world.persons, world.facts)
    found = list(reached(by_every_word, world.rulebook, Designated((_as_news(changed),))))
    savepoint.rollback()
    standing = [fact for fact in world.facts if fact.retracted_at is None]
    covered = {
        fact.person
        for fact in standing
        for rule in world.rulebook.rules
        if rule.when.under is not None
        and fact.kind == rule.when.kind
        and oracle.is_under(fact, rule.when.under, [changed])
    }
    assert set(found) == covered
    rest = [each for each in world.designations if each is not changed]
    both = [
        oracle.findings(standing, [*rest, *those], world.rulebook, None)
        for those in ([], [replace(changed, retracted_at=None)])
    ]
    assert {finding.person for finding in both[0] ^ both[1]} <= covered


# ---------------------------------------------------------------- by index


MANY = sa.text("""
    INSERT INTO evidence.facts (person, kind, area, place, started_at, ended_at, source,
                                source_class, recording, recorded_at)
    SELECT n % 50000, (ARRAY['stay', 'visit', 'test', 'declaration'])[n % 4 + 1],
           CASE WHEN n % 2 = 0 THEN (100000 + n % 7919 * 113 % 900000)::text ELSE '' END,
           CASE WHEN n % 4 = 1 THEN 'place ' || n % 3000 ELSE '' END,
           at, at + interval '2 hours', 's', 'authority', 1, at
    FROM generate_series(1, 200000) AS n,
         LATERAL (SELECT timestamptz '2020-01-01' + n % 86400 * interval '1 minute' AS at) AS a
""")


def plan_for_any(transaction: Transaction, query: sa.TextClause, *values: str) -> str:
    """How PostgreSQL answers when it plans once for all areas, as it does in a busy house."""
    names = list(dict.fromkeys(re.findall(r":(\w+)", query.text)))
    text = re.sub(r":(\w+)", lambda name: f"${names.index(name[1]) + 1}", query.text)
    given_ = dict(zip(("kind", "area", "since"), values, strict=True))
    given_["place"] = given_["area"]
    cursor = transaction.connection.connection.cursor()
    cursor.execute(f"PREPARE asked AS {text}")
    literals = (f"'{given_[name]}'" if name in given_ else "NULL" for name in names)
    cursor.execute(f"EXPLAIN EXECUTE asked ({', '.join(literals)})")
    lines = cursor.fetchall()
    cursor.execute("DEALLOCATE asked")
    return "\n".join(line for (line,) in lines)


def test_whom_a_designation_reaches_is_found_by_index_among_200_000_facts(
    transaction: Transaction,
) -> None:
    transaction.run(sa.text("SET LOCAL session_replication_role = replica"))  # no foreign keys
    transaction.run(MANY)
    transaction.run(sa.text("ANALYZE evidence.facts"))
    transaction.run(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))
    for query, index, kind, where in [
        (evidence.PERSONS_IN, "facts_in_area", "stay", "42"),
        (evidence.PERSONS_IN, "facts_in_area", "stay", "420106001"),
        (evidence.PERSONS_AT, "facts_at_place", "visit", "place 7"),
    ]:
        plan = plan_for_any(transaction, query, kind, where, "2020-02-08T00:00Z")
        assert index in plan
        assert "Seq Scan on facts" not in plan
        assert "COALESCE(ended_at, started_at) >= " in plan.partition("Index Cond")[2]
