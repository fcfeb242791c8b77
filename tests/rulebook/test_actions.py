"""Colours follow the evidence: at once, by the clock, for everybody, and for any past moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from healthcode.app.wiring import SHIPPED_RULEBOOK, run_jobs, shipped
from healthcode.evidence import LEAVES
from healthcode.evidence.actions import SourceRegistration, designate, register
from healthcode.evidence.feeds.deciding import Desk, Registration
from healthcode.evidence.feeds.recording import submit
from healthcode.kit.db import Database, Transaction
from healthcode.people import identify, persons_of
from healthcode.people.terms import resident_number
from healthcode.rulebook import Colour, count_colours, judge
from healthcode.rulebook.actions import (
    AT_ONCE,
    Shipped,
    binding_at,
    enact,
    install,
    reassess,
    reassess_due,
    reassess_or_defer,
)
from healthcode.rulebook.explanations.reasons import explain
from healthcode.rulebook.tables import rulebooks, standings
from tests.conftest import NOON

CLIENT = "city"
DOCUMENT = f"10:{resident_number('120101', date(1990, 3, 7), 31)}"
DESK = Desk(
    {
        name: Registration(name, source_class, frozenset({"*"}), ("*",))
        for name, source_class in [("self", "self"), ("clinic", "clinic"), ("city", "authority")]
    },
    "12",
    replay=False,
)
At = Callable[[datetime], Database]


def _tell(transaction: Transaction, kind: str, source: str, started_at: str, **more: str) -> None:
    row = {"subject": DOCUMENT, "kind": kind, "source": source, "started_at": started_at}
    submit(transaction, CLIENT, DESK, "evidence", row | more)


def _who(transaction: Transaction) -> int:
    subject = identify(transaction.keys, CLIENT, DOCUMENT, NOON.date())
    return persons_of(transaction, CLIENT, [subject])[subject]


def _stored(transaction: Transaction) -> tuple[str, datetime | None]:
    row = transaction.run(sa.select(standings).where(standings.c.person == _who(transaction))).one()
    return row.colour, row.changes_at


def test_a_colour_follows_a_fact_in_the_transaction_that_records_it(
    transaction: Transaction,
) -> None:
    _tell(transaction, "declaration", "self", "2020-02-20T08:00")
    assert _stored(transaction) == ("green", datetime(2020, 3, 4, 16, tzinfo=UTC))
    _tell(transaction, "symptom", "self", "2020-02-20T09:00")
    assert _stored(transaction)[0] == "orange"
    _tell(transaction, "clearance", "clinic", "2020-02-20T11:00", result="examined")
    assert _stored(transaction)[0] == "green"


def test_a_designation_judges_anew_whoever_was_there(transaction: Transaction) -> None:
    _tell(transaction, "declaration", "self", "2020-02-20T08:00")
    _tell(transaction, "stay", "city", "2020-02-10", ended_at="2020-02-12", area="420106")
    assert _stored(transaction)[0] == "green"
    asked = SourceRegistration(CLIENT, "commission", "authority", ("designation",), ("all",))
    register(transaction, asked)
    row = {"level": "high", "area": "420100", "started_at": "2020-01-10"}
    designate(transaction, CLIENT, "12", row)
    assert _stored(transaction) == ("red", datetime(2020, 2, 25, 16, tzinfo=UTC))


def test_the_clock_turns_a_colour_when_its_window_ends(at: At) -> None:
    with at(NOON).transaction() as transaction:
        _tell(transaction, "declaration", "self", "2020-02-20T08:00")
    lapse = datetime(2020, 3, 4, 16, tzinfo=UTC)
    with at(lapse - timedelta(seconds=1)).transaction() as transaction:
        assert reassess_due(transaction) == 0
    with at(lapse).transaction() as transaction:
        assert reassess_due(transaction) == 1
        assert _stored(transaction) == ("grey", None)
        assert reassess_due(transaction) == 0


def test_any_past_colour_is_what_was_known_then(at: At) -> None:
    noons = [NOON + timedelta(days=n) for n in range(3)]
    with at(noons[0]).transaction() as transaction:
        _tell(transaction, "declaration", "self", "2020-02-20T08:00")
    with at(noons[1]).transaction() as transaction:
        _tell(transaction, "contact", "city", "2020-02-15", result="close")
    with at(noons[2]).transaction() as transaction:
        who = _who(transaction)
        known_early = judge(transaction, who, at=noons[1], known_at=noons[0])
        known_late = judge(transaction, who, at=noons[1], known_at=noons[2])
        before = judge(transaction, who, at=noons[0] - timedelta(days=10))
    assert (known_early.standing.colour, known_early.known_at) == (Colour.GREEN, noons[0])
    assert (known_late.standing.colour, known_late.known_at) == (Colour.RED, noons[1])
    assert before.standing.colour is Colour.GREY


def test_a_colour_explains_itself_without_naming_people_or_places(
    transaction: Transaction,
) -> None:
    _tell(transaction, "declaration", "self", "2020-02-20T08:00")
    _tell(transaction, "contact", "city", "2020-02-15", result="close", place="market")
    transaction.run(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))  # as at the commit
    judged = judge(transaction, _who(transaction))
    (reason,) = explain(transaction, judged)
    assert (reason.rule, reason.colour) == ("R3", Colour.RED)
    assert reason.until == datetime(2020, 2, 28, 16, tzinfo=UTC)
    assert reason.fact.en == "contact"
    assert reason.fact_source.zh == "疫情防控部门"
    assert "88908890" in reason.releaser.en
    assert "market" not in repr(reason)


def test_more_people_than_a_transaction_should_hold_up_are_left_to_jobs(
    fresh: Database,
) -> None:
    many = AT_ONCE * 2 + 1
    with fresh.transaction() as transaction:
        people = transaction.run(
            sa.text(
                "INSERT INTO people.persons SELECT FROM generate_series(1, :n) RETURNING person"
            ),
            {"n": many},
        ).scalars()
        reassess_or_defer(transaction, iter(list(people)))
        assert transaction.run(sa.select(sa.func.count()).select_from(standings)).scalar() == 0
    run_jobs(fresh, wait=False)
    with fresh.transaction() as transaction:
        assert transaction.run(sa.select(sa.func.count()).select_from(standings)).scalar() == many


def test_people_without_a_row_are_counted_as_undeclared(fresh: Database) -> None:
    with fresh.transaction() as transaction:
        transaction.run(sa.text("INSERT INTO people.persons (residence) VALUES ('120101'), ('')"))
        counted = count_colours(transaction)
    assert {home: each[Colour.GREY] for home, each in counted.items()} == {"120101": 1, "": 1}


def test_the_rulebook_that_binds_is_the_one_of_the_moment_judged(
    transaction: Transaction,
) -> None:
    shipped_one = binding_at(transaction, NOON).rulebook
    later = shipped_one.model_copy(update={"version": "2"})
    enact(transaction, later, binds_from=NOON + timedelta(days=1))
    assert binding_at(transaction, NOON).rulebook.version == shipped_one.version
    assert binding_at(transaction, NOON + timedelta(days=1)).rulebook.version == "2"
    assert binding_at(transaction, datetime(1900, 1, 1, tzinfo=UTC)).rulebook == shipped_one


def test_a_shipped_rulebook_never_replaces_what_is_published(transaction: Transaction) -> None:
    text = (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8")
    before = binding_at(transaction, NOON).rulebook
    assert install(transaction, text) is Shipped.PRESENT
    other = (shipped("rulebooks") / "replay-tianjin-2020.yaml").read_text("utf-8")
    assert install(transaction, other) is Shipped.WAITS
    assert binding_at(transaction, NOON).rulebook == before


def test_a_newer_compiler_makes_the_statements_anew(transaction: Transaction) -> None:
    before = binding_at(transaction, NOON)
    for name in ("reassess", "turning", "may_turn"):  # as in a house of before there were any
        for each in (name, f"{name}_{before.key}"):
            transaction.run(sa.text(f"DROP FUNCTION rulebook.{each}"))
    old = sa.update(rulebooks).values(compiler="0", findings_sql="", standing_sql="")
    transaction.run(old)
    text = (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8")
    assert install(transaction, text) is Shipped.PRESENT
    assert binding_at(transaction, NOON) == before
    reassess(transaction, [])


def test_what_only_its_plans_need_ends_with_reassessing(transaction: Transaction) -> None:
    """The stamp, at the commit, plans for what is there."""
    asked = sa.text("SELECT current_setting('plan_cache_mode'), current_setting('enable_nestloop')")
    before = transaction.run(asked).one()
    reassess(transaction, [])
    assert transaction.run(asked).one() == before


@pytest.mark.parametrize("leaf", [LEAVES.of_some, LEAVES.just_added])
def test_the_retractions_of_some_people_are_looked_up_and_never_all_read(
    transaction: Transaction, leaf: str
) -> None:
    for setting in ("enable_nestloop", "enable_seqscan"):
        transaction.run(sa.text(f"SET LOCAL {setting} = off"))
    asked = sa.text(f"EXPLAIN WITH {leaf} SELECT * FROM facts")
    values = {"persons": [1], "kinds": ["contact"], "results": []}
    wanted = {name: value for name, value in values.items() if f":{name}" in leaf}
    plan = "\n".join(transaction.run(asked, wanted).scalars())
    assert "Index Scan using retractions_pkey on retractions r" in plan
    assert "Index Cond: (fact = f.fact)" in plan


def test_what_was_taken_back_is_looked_up_and_never_all_facts_read(
    transaction: Transaction,
) -> None:
    for setting in ("enable_nestloop", "enable_seqscan"):
        transaction.run(sa.text(f"SET LOCAL {setting} = off"))
    plan = "\n".join(transaction.run(sa.text(f"EXPLAIN {LEAVES.just_taken_back}")).scalars())
    assert re.search("(using|Scan on) facts_pkey", plan)  # through a bitmap or not
    assert "Index Cond: (fact = ANY" in plan
