"""What a trial says of a draft is what publishing it then does, person for person."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from healthcode.access import Role
from healthcode.access.accounts import found, open_account
from healthcode.app.trying import data
from healthcode.kit.db import Database
from healthcode.kit.http import Caller
from healthcode.rulebook import judge
from healthcode.rulebook.actions import AT_ONCE, naive, reassess
from healthcode.rulebook.engines import duck
from healthcode.rulebook.everybody.snapshots import Snapshot
from healthcode.rulebook.everybody.taking import take, viewing
from healthcode.rulebook.everybody.trials import (
    MOST_EXAMPLES,
    Ground,
    Held,
    RuleTurn,
    Trial,
    try_draft,
)
from healthcode.rulebook.explanations.reasons import CLASS_WORDS, KIND_WORDS, explain
from healthcode.rulebook.publishing import see_through
from healthcode.rulebook.terms import SEVERITY, Colour, Rulebook
from tests.evidence.feeding import RolledBack, look
from tests.rulebook.cities import NOW, by_duckdb, housed, made, put_city
from tests.rulebook.test_publishing import STAFF, published

PEOPLE = 3_000
FIRST, STEP = 7_000_000_000, 7  # of the database's keys: no other number looks like one
DRAFTS: dict[str, dict[str, Any]] = {
    # By longer and shorter windows, by other colours, and by a rule that is no more.
    "both ways": {
        "R3": {"window": {"from": "start", "until": "end + 7d"}},
        "R5": {"window": {"from": "start", "until": "end + 21d"}},
        "O2": {"window": {"from": "start", "until": "end + 21d"}},
        "O5": {"colour": "red"},
        "O6": None,
        "O7": {"colour": "red"},
        "G": {"window": {"from": "start", "until": "start + 10d"}},
    },
    "nobody declares": {"G": None, "R1c": {"colour": "orange"}},
}
GREEN = {"nobody declares"}


@dataclass(frozen=True)
class City:
    """A city in PostgreSQL, with standings of whoever has facts, and a snapshot of it."""

    database: Database
    snapshot: Snapshot
    persons: dict[int, int]  # by the snapshot's keys

    def draft(self, name: str) -> Rulebook:
        """One of DRAFTS, as another version of what binds."""
        body = self.snapshot.rulebook.model_dump(mode="json", by_alias=True)
        changes = DRAFTS[name]
        kept = [rule for rule in body["rules"] if changes.get(rule["id"], {}) is not None]
        body["rules"] = [rule | changes.get(rule["id"], {}) for rule in kept]
        body["undeclared"] = "green" if name in GREEN else "grey"
        return Rulebook.model_validate(body | {"version": "2"})

    @cached_property
    def judged(self) -> dict[int, Colour]:
        """Everybody's colour by what binds, as a trial finds it."""
        return self.judged_by(self.snapshot.rulebook, self.snapshot.folder.with_name("judged"))

    def judged_by(self, rulebook: Rulebook, into: Path) -> dict[int, Colour]:
        """Everybody's colour as a trial finds it, by the database's keys."""
        moments = naive(self.snapshot.taken_at), naive(self.snapshot.known_at)
        with duck.connected() as connection:
            duck.judge(connection, self.snapshot.folder, rulebook, *moments, into)
        seen = by_duckdb(into, range(1, self.snapshot.people + 1)).standings.to_pydict()
        colours = dict(zip(seen["person"], seen["colour"], strict=True))
        return {
            person: Colour(colours.get(key) or rulebook.undeclared)
            for key, person in self.persons.items()
        }


@pytest.fixture(scope="module")
def city(server: str, masters: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    made(PEOPLE, folder / "made", seed=2)
    with housed(server, masters) as database:
        with database.transaction() as transaction:
            found(transaction, "first", "second")
            for name, (role, by) in STAFF.items():
                open_account(transaction, Caller(by, Role.OPERATOR), name, role, "*")
            put_city(transaction, folder / "made", first=FIRST, step=STEP)
            everybody = sa.text("SELECT DISTINCT person FROM evidence.facts ORDER BY person")
            told = list(transaction.run(everybody).scalars())
            for first in range(0, len(told), AT_ONCE):
                reassess(transaction, told[first : first + AT_ONCE])
        with database.transaction() as transaction, viewing(transaction) as view:
            snapshot = take(view, folder / "snapshot", name=None)
            persons = {key: view.person_of(key) for key in range(1, snapshot.people + 1)}
        yield City(database, snapshot, persons)


@contextmanager
def rolled_back(city: City) -> Iterator[Database]:
    """The city, in which whatever is committed is rolled back."""
    with (
        city.database.engine.connect() as connection,
        city.database.on(connection) as transaction,
    ):
        yield RolledBack.of(city.database, transaction)
        connection.rollback()


@dataclass(frozen=True)
class Stored:
    """What is stored of everybody: residence, colour, and active findings as (rule, colour)."""

    residences: dict[int, str]
    colours: dict[int, Colour]
    active: dict[int, set[tuple[str, str]]]

    @classmethod
    def by(cls, house: Database, rulebook: Rulebook) -> Stored:
        """Whoever has no standing is undeclared, as where colours are counted."""
        people = look(house, EVERYBODY, undeclared=rulebook.undeclared.value)
        active: dict[int, set[tuple[str, str]]] = {row.person: set() for row in people}
        for row in look(house, ACTIVE, at=NOW):
            active[row.person].add((row.rule, row.colour))
        return cls(
            {row.person: row.residence for row in people},
            {row.person: Colour(row.colour) for row in people},
            active,
        )

    def under(self, rule: str) -> int:
        """How many people have an active finding of a rule."""
        return sum(rule in {name for name, _ in own} for own in self.active.values())


EVERYBODY = """
    SELECT person, residence, coalesce(colour, :undeclared) AS colour
    FROM people.persons LEFT JOIN rulebook.standings USING (person)
"""
ACTIVE = """
    SELECT person, rule, colour FROM rulebook.findings
    WHERE opens <= :at AND (until IS NULL OR until > :at)
"""
Said = tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Lived:
    """A trial of a draft, and the city before and after the draft was published."""

    name: str
    trial: Trial
    judged: list[dict[int, Colour]]
    before: Stored
    after: Stored
    was: dict[int, Said]
    would_be: dict[int, Said]

    @property
    def changed(self) -> list[int]:
        """Who shows another colour afterwards."""
        return [who for who, then in self.before.colours.items() if then != self.now(who)]

    def now(self, person: int) -> Colour:
        """The colour of a person afterwards."""
        return self.after.colours[person]

    def matrix(self, district: str | None = None) -> dict[tuple[Colour, Colour], int]:
        """People from colour to colour, in a district or in all."""
        return Counter(
            (then, self.now(who))
            for who, then in self.before.colours.items()
            if district in {None, self.before.residences[who][:6]}
        )


@pytest.fixture(scope="module", params=DRAFTS)
def lived(
    request: pytest.FixtureRequest, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Lived:
    draft, folder = city.draft(request.param), tmp_path_factory.mktemp("judged")
    trial = try_draft(city.snapshot, draft)
    judged = [city.judged, city.judged_by(draft, folder)]
    changed = [who for who in judged[0] if judged[0][who] != judged[1][who]]
    with rolled_back(city) as house:
        before, was = Stored.by(house, city.snapshot.rulebook), _explained(house, changed)
        key = published(house, draft)
        done = see_through(house, key, lambda _: None)
        assert (done.finished_at, done.done) == (NOW, done.total)
        after, would_be = Stored.by(house, draft), _explained(house, changed)
    return Lived(request.param, trial, judged, before, after, was, would_be)


def _explained(house: Database, persons: list[int]) -> dict[int, Said]:
    """What explains these people's colours, judged from the evidence itself."""
    with house.transaction() as transaction:
        return {
            person: tuple(
                (
                    each.rule, each.colour, each.fact.en, each.fact_started_at,
                    each.fact_ended_at or each.fact_started_at, each.fact_source.en, each.opens,
                    each.until,
                )
                for each in explain(transaction, judge(transaction, person, NOW))
            )
            for person in persons
        }  # fmt: skip


def _said(grounds: tuple[Ground, ...]) -> Said:
    """The same of an example; what is going on has no more of an end for a reason than a moment."""
    return tuple(
        (
            each.rule, each.colour, KIND_WORDS[each.kind].en, each.started_at,
            each.ended_at or each.started_at, CLASS_WORDS[each.source_class].en, each.opens,
            each.until,
        )
        for each in grounds
    )  # fmt: skip


# ------------------------------------------------------------------------------ what is counted


def test_publishing_gives_everybody_the_colour_that_the_trial_found(lived: Lived) -> None:
    assert [lived.before.colours, lived.after.colours] == lived.judged
    assert lived.trial.changed == len(lived.changed)
    assert lived.trial.people == len(lived.after.colours) == PEOPLE


def test_the_matrix_is_what_is_counted_before_and_after(lived: Lived) -> None:
    assert lived.trial.matrix() == lived.matrix()
    districts = {residence[:6] for residence in lived.before.residences.values()}
    assert {turn.district for turn in lived.trial.turns} == districts
    assert len(districts) == 17  # sixteen, and those of whom nobody knows
    for district in districts:
        assert lived.trial.matrix(district) == lived.matrix(district)


def test_as_many_people_are_under_each_rule_as_the_trial_said(lived: Lived) -> None:
    rules = {rule for own in lived.before.active.values() for rule, _ in own}
    rules |= {rule for own in lived.after.active.values() for rule, _ in own}
    counted = {Held(rule, lived.before.under(rule), lived.after.under(rule)) for rule in rules}
    assert set(lived.trial.held) == counted


def test_a_change_is_put_down_to_the_rules_that_make_it(lived: Lived) -> None:
    """Those of the draft where the colour becomes more severe, else those that end."""
    counted: Counter[tuple[str, Colour, Colour]] = Counter()
    for who in lived.changed:
        then, now = lived.before.colours[who], lived.now(who)
        worse = SEVERITY[now] > SEVERITY[then]
        side, colour = (lived.after, now) if worse else (lived.before, then)
        rules = {rule for rule, shown in side.active[who] if shown == colour}
        counted.update((rule, then, now) for rule in rules or {""})
    assert set(lived.trial.rule_turns) == {
        RuleTurn(*turn, people) for turn, people in counted.items()
    }


# ------------------------------------------------------------------------------ examples


def test_an_example_is_explained_as_that_person_is_before_and_after(lived: Lived) -> None:
    people = Counter(
        (
            lived.before.residences[who][:6], lived.before.colours[who], lived.now(who),
            lived.was[who], lived.would_be[who],
        )
        for who in lived.changed
    )  # fmt: skip
    told = Counter(
        (each.district, each.before, each.after, _said(each.was), _said(each.would_be))
        for each in lived.trial.examples
    )
    assert told <= people
    assert told.total() == min(len(lived.changed), MOST_EXAMPLES)


def test_there_are_examples_of_every_change(lived: Lived) -> None:
    changes = {pair for pair in lived.trial.matrix() if pair[0] != pair[1]}
    assert {(each.before, each.after) for each in lived.trial.examples} == changes
    assert len(lived.trial.examples) == MOST_EXAMPLES < len(lived.changed)
    assert len(changes) >= {"both ways": 8, "nobody declares": 2}[lived.name]


def test_an_example_never_contains_a_persons_key(lived: Lived) -> None:
    text = json.dumps(data(lived.trial)["examples"])
    assert {int(number) for number in re.findall(r"[0-9]+", text)}.isdisjoint(lived.after.colours)


def test_the_keys_of_examples_are_drawn_anew_for_each_trial(city: City) -> None:
    """By one rule, which compiles quickly; among all who change, many are examples of both."""
    binding, draft = (
        each.model_copy(update={"rules": (each.rule("G"),)})
        for each in (city.snapshot.rulebook, city.draft("both ways"))
    )
    trials = [try_draft(city.snapshot, draft, binding=binding) for _ in range(2)]
    keys = {each.key for trial in trials for each in trial.examples}
    assert len(keys) == 2 * MOST_EXAMPLES


# ------------------------------------------------------------------------------ drafts


def test_a_draft_that_says_what_binds_changes_nobody(city: City) -> None:
    trial = try_draft(city.snapshot, city.snapshot.rulebook)
    assert (trial.changed, trial.examples, trial.rule_turns) == (0, (), ())
    assert all(before == after for before, after in trial.matrix())
    assert sum(trial.matrix().values()) == PEOPLE
    assert all(each.before == each.after > 0 for each in trial.held)


@pytest.mark.parametrize("lived", ["nobody declares"], indirect=True)
def test_where_no_declaration_is_asked_for_nobody_is_grey(lived: Lived) -> None:
    grey = [who for who, colour in lived.before.colours.items() if colour is Colour.GREY]
    assert len(grey) > 200
    assert {lived.now(who) for who in grey} == {Colour.GREEN}
    assert RuleTurn("", Colour.GREY, Colour.GREEN, len(grey)) in lived.trial.rule_turns
    assert any(not lived.after.active[who] for who in grey)
