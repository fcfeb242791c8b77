"""A rulebook is proposed, approved by another, published, and everybody's standing follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa

from healthcode.access import Role
from healthcode.access.accounts import found, open_account
from healthcode.codes.actions import NoColour, request
from healthcode.codes.signing import SigningKey, trust
from healthcode.codes.terms import Shown
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from healthcode.rulebook import Colour, Rulebook, StandingChanged, count_colours, follow, judge
from healthcode.rulebook.actions import binding_at, reassess
from healthcode.rulebook.jobs import change_standings
from healthcode.rulebook.publishing import (
    CHANGE,
    InThePast,
    MomentTaken,
    NeedsAnother,
    NoSuchDraft,
    NotApproved,
    Publication,
    State,
    Step,
    VersionTaken,
    advance,
    decide,
    listed,
    propose,
    publication,
    publish_rulebook,
    see_through,
)
from tests.codes.making import KEY
from tests.conftest import NOON
from tests.evidence.feeding import RolledBack, look
from tests.rulebook.facts import Fact
from tests.rulebook.worlds import put

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PEOPLE = range(9_000_001, 9_000_013)
STAFF = {
    "an.epidemiologist": (Role.EPIDEMIOLOGIST, "first"),
    "same.side": (Role.APPROVER, "first"),
    "other.side": (Role.APPROVER, "second"),
    "other.epidemiologist": (Role.EPIDEMIOLOGIST, "second"),
}


def world() -> Iterator[Fact]:
    """Everybody declared; every third has coughed, every fourth was a close contact."""
    for number, person in enumerate(PEOPLE):
        facts = [("declaration", "", "self", DAY)]
        facts += [("symptom", "cough", "self", DAY)] if number % 3 == 0 else []
        facts += [("contact", "close", "authority", 2 * DAY)] if number % 4 == 0 else []
        for each, (kind, result, source, ago) in enumerate(facts):
            yield Fact(
                10 * person + each, person, kind, NOON - ago, result=result,
                source=source, source_class=source, recorded_at=NOON - MINUTE,
            )  # fmt: skip


@pytest.fixture
def house(shared_database: Database, transaction: Transaction) -> Database:
    """The shared database at noon with people and staff; the test's commits are rolled back."""
    return settled(RolledBack.of(shared_database, transaction))


def settled(house: Database) -> Database:
    with house.transaction() as transaction:
        found(transaction, "first", "second")
        for name, (role, by) in STAFF.items():
            open_account(transaction, Caller(by, Role.OPERATOR), name, role, "*")
        put(transaction, PEOPLE, world())
        reassess(transaction, PEOPLE)
    return house


def it_is(house: Database, moment: datetime) -> None:
    assert isinstance(house.clock, SetClock)
    house.clock.stated = moment


def book(house: Database, version: str, *rules: str, **changes: Any) -> Rulebook:
    """A few rules of the shipped rulebook, as another version; few compile quickly."""
    with house.transaction() as transaction:
        shipped = binding_at(transaction, datetime(1900, 1, 1, tzinfo=UTC)).rulebook
    kept = tuple(rule for rule in shipped.rules if rule.id in (rules or {"R3", "G"}))
    return shipped.model_copy(update={"version": version, "rules": kept} | changes)


def proposed(house: Database, rulebook: Rulebook, by: str = "an.epidemiologist") -> int:
    with house.acting_as(by).transaction() as transaction:
        return propose(transaction, rulebook)


def decided(house: Database, draft: int, *, by: str = "other.side", approve: bool = True) -> int:
    with house.acting_as(by).transaction() as transaction:
        decide(transaction, draft, approve=approve)
    return draft


def published(house: Database, rulebook: Rulebook, at: datetime | None = None) -> int:
    """The key of a rulebook that two people let bind, and nobody follows yet."""
    draft = decided(house, proposed(house, rulebook))
    return publish_rulebook(house.acting_as("an.epidemiologist"), draft, at)


def steps(house: Database, most: int) -> Iterator[tuple[int, int | None]]:
    """How far the change is after each of its steps, of so many persons."""
    while True:
        with house.transaction() as transaction:
            if advance(transaction, most) is Step.NOTHING:
                return
        with house.transaction() as transaction:
            key = transaction.run(sa.text("SELECT max(rulebook) FROM rulebook.publications"))
            now = publication(transaction, key.scalar_one())
        yield now.done, now.total


def how_far(house: Database, rulebook: int) -> Publication:
    with house.transaction() as transaction:
        return publication(transaction, rulebook)


def states(house: Database) -> dict[str, State]:
    with house.transaction() as transaction:
        return {each.version: each.state for each in listed(transaction)}


def stored(house: Database) -> dict[int, tuple[str, str]]:
    """Everybody's stored colour, and the version that gave it."""
    query = """
        SELECT s.person, s.colour, r.version
        FROM rulebook.standings s JOIN rulebook.rulebooks r USING (rulebook)
    """
    return {row.person: (row.colour, row.version) for row in look(house, query)}


def colours(version: str, contact: str = "red", cough: str = "orange") -> dict[int, Any]:
    """What the world gives, by the rulebook of this version."""
    told = {
        person: contact if n % 4 == 0 else cough if n % 3 == 0 else "green"
        for n, person in enumerate(PEOPLE)
    }
    return {person: (colour, version) for person, colour in told.items()}


# ----------------------------------------------------------------------------- the second person


def test_a_draft_binds_nobody_until_another_person_approves_and_it_is_published(
    house: Database,
) -> None:
    before = stored(house)
    draft = proposed(house, book(house, "2"))
    assert states(house) == {"1": State.BINDING, "2": State.WAITING}
    for by in ("an.epidemiologist", "same.side", "first", "other.epidemiologist", "second", ""):
        with pytest.raises(NeedsAnother):
            decided(house, draft, by=by)
    with pytest.raises(NotApproved):
        publish_rulebook(house, draft)
    decided(house, draft)
    assert states(house)["2"] is State.APPROVED
    assert list(steps(house, 100)) == []
    assert stored(house) == before
    key = publish_rulebook(house.acting_as("an.epidemiologist"), draft)
    assert states(house) == {"1": State.PAST, "2": State.CHANGING}
    assert see_through(house, key, lambda _: None).finished_at == NOON
    assert states(house) == {"1": State.PAST, "2": State.BINDING}
    assert stored(house) == colours("2", cough="green")


@pytest.mark.parametrize("draft", ["refused", "unknown"])
def test_what_nobody_approved_is_never_published(house: Database, draft: str) -> None:
    number = proposed(house, book(house, "2"))
    if draft == "refused":
        decided(house, number, approve=False)
    with pytest.raises(NotApproved):
        publish_rulebook(house, number if draft == "refused" else number + 1)
    assert set(states(house).values()) <= {State.BINDING, State.REFUSED, State.WAITING}


def test_a_draft_is_decided_once(house: Database) -> None:
    draft = decided(house, proposed(house, book(house, "2")), approve=False)
    for number in (draft, draft + 1):
        with pytest.raises(NoSuchDraft):
            decided(house, number)
    assert states(house)["2"] is State.REFUSED


@pytest.mark.parametrize("was", ["shipped", "waiting", "approved", "published"])
def test_a_version_is_proposed_once_whatever_it_says(house: Database, was: str) -> None:
    rulebook = book(house, "1" if was == "shipped" else "2")
    if was != "shipped":
        draft = proposed(house, rulebook)
    if was in {"approved", "published"}:
        decided(house, draft)
    if was == "published":
        publish_rulebook(house, draft)
    with pytest.raises(VersionTaken) as refused:
        proposed(house, book(house, rulebook.version, "R3", "O1", "G"))
    assert "another version" in refused.value.say("en")


def test_what_was_refused_may_be_proposed_again(house: Database) -> None:
    rulebook = book(house, "2")
    decided(house, proposed(house, rulebook), approve=False)
    again = proposed(house, rulebook)
    with house.transaction() as transaction:
        seen = [(each.draft == again, each.state) for each in listed(transaction)][1:]
    assert seen == [(False, State.REFUSED), (True, State.WAITING)]


# ------------------------------------------------------------------------ what never changes


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rulebook.rulebooks SET name = 'other'",
        "UPDATE rulebook.rulebooks SET version = '9'",
        "UPDATE rulebook.rulebooks SET digest = '\\x00'",
        'UPDATE rulebook.rulebooks SET body = body || \'{"undeclared": "green"}\'',
        "UPDATE rulebook.rulebooks SET binds_from = '2020-01-01', compiler = '0'",
        "DELETE FROM rulebook.rulebooks",
        "TRUNCATE rulebook.rulebooks CASCADE",
        'UPDATE rulebook.drafts SET body = body || \'{"undeclared": "green"}\'',
        "UPDATE rulebook.drafts SET proposed_by = 'somebody'",
        "DELETE FROM rulebook.drafts",
    ],
)
def test_what_was_proposed_or_published_is_not_changed_even_by_sql(
    house: Database, change: str
) -> None:
    proposed(house, book(house, "2"))
    with pytest.raises(sa.exc.IntegrityError, match="it never changes"):
        look(house, change)


def test_only_the_statements_of_a_published_rulebook_are_made_anew(house: Database) -> None:
    changed = "UPDATE rulebook.rulebooks SET compiler = '0', findings_sql = '', standing_sql = ''"
    assert len(look(house, f"{changed} RETURNING 1")) == 1


def test_a_rulebook_never_binds_from_the_past(house: Database) -> None:
    draft = decided(house, proposed(house, book(house, "2")))
    with pytest.raises(InThePast):
        publish_rulebook(house, draft, NOON - MINUTE)
    assert states(house)["2"] is State.APPROVED


def test_two_rulebooks_never_bind_from_one_moment(house: Database) -> None:
    published(house, book(house, "2"), NOON + DAY)
    with pytest.raises(MomentTaken):
        published(house, book(house, "3"), NOON + DAY)
    published(house, book(house, "4"), NOON + DAY - MINUTE)


def test_a_draft_that_is_published_again_goes_on_as_it_was(house: Database) -> None:
    key = published(house, book(house, "2"))
    it_is(house, NOON + MINUTE)
    with house.transaction() as transaction:
        [draft] = [each.draft for each in listed(transaction) if each.draft]
    assert publish_rulebook(house, draft, NOON + DAY) == key
    assert how_far(house, key).binds_from == NOON


# ---------------------------------------------------------------------------- in batches


def test_everybody_follows_in_batches_and_the_progress_counts_them(house: Database) -> None:
    published(house, book(house, "2"))
    far = [(0, None), (5, 12), (10, 12), (12, 12)]
    assert list(steps(house, 5)) == far
    assert stored(house) == colours("2", cough="green")


def test_the_rooms_above_hear_of_whoever_turned_and_of_nobody_else(house: Database) -> None:
    told: list[tuple[int, Colour, Colour]] = []

    def hears(_: Transaction, event: StandingChanged) -> None:
        told.extend(event.turned)

    published(house, book(house, "2"))
    listening = replace(house, listeners={StandingChanged: [hears]})
    assert len(list(steps(listening, 5))) == 4
    coughed = [person for n, person in enumerate(PEOPLE) if n % 3 == 0 and n % 4]
    assert told == [(person, Colour.ORANGE, Colour.GREEN) for person in coughed]


def test_what_an_equal_rulebook_says_is_not_written_anew(house: Database) -> None:
    query = "SELECT person, rule, fact, ctid::text FROM rulebook.findings ORDER BY 1, 2, 3"
    published(house, book(house, "2", "R3", "O1", "G"))
    list(steps(house, 5))
    before = look(house, query)
    it_is(house, NOON + MINUTE)
    published(house, book(house, "3", "R3", "O1", "G"))
    assert list(steps(house, 5))[-1] == (12, 12)
    assert look(house, query) == before
    assert {version for _, version in stored(house).values()} == {"3"}


def test_a_batch_that_fails_has_done_nothing_and_going_on_ends_the_same(house: Database) -> None:
    def breaks(_: Transaction, event: StandingChanged) -> None:
        if event.turned[0][0] >= PEOPLE[6]:
            raise ConnectionError

    key = published(house, book(house, "2"))
    with pytest.raises(ConnectionError):
        list(steps(replace(house, listeners={StandingChanged: [breaks]}), 3))
    assert how_far(house, key).done == 6
    assert [version for _, version in stored(house).values()].count("2") == 6
    assert list(steps(house, 3)) == [(9, 12), (12, 12), (12, 12)]
    assert stored(house) == colours("2", cough="green")


def test_whoever_changes_meanwhile_is_not_gone_through_again(house: Database) -> None:
    published(house, book(house, "2"))
    going = steps(house, 4)
    assert [next(going), next(going)] == [(0, None), (4, 12)]
    fever = Fact(1, PEOPLE[5], "contact", NOON - DAY, result="close", source="authority")
    with house.transaction() as transaction:
        put(transaction, [], [replace(fever, source_class="authority", recorded_at=NOON)])
        reassess(transaction, [PEOPLE[5]])
    assert list(going) == [(8, 12), (12, 12)]
    assert stored(house) == colours("2", cough="green") | {PEOPLE[5]: ("red", "2")}


def test_of_two_publications_the_newest_that_binds_wins(house: Database) -> None:
    older = published(house, book(house, "2", "R3", "O1", "G"))
    going = steps(house, 5)
    assert [next(going), next(going)] == [(0, None), (5, 12)]
    it_is(house, NOON + MINUTE)
    newer = published(house, book(house, "3"))
    assert see_through(house, newer, lambda _: None).done == 12
    assert stored(house) == colours("3", cough="green")
    ended = how_far(house, older)
    assert (ended.done, ended.total, ended.finished_at) == (5, 12, NOON + MINUTE)
    assert see_through(house, older, lambda _: None) == ended
    assert states(house) == {"1": State.PAST, "2": State.PAST, "3": State.BINDING}


# ------------------------------------------------------------------------ a moment to come


def test_a_rulebook_that_binds_later_changes_nothing_until_its_moment(house: Database) -> None:
    moment = NOON + DAY
    key = published(house, book(house, "2"), moment)
    assert states(house) == {"1": State.BINDING, "2": State.COMING}
    assert see_through(house, key, lambda _: None).started_at is None
    it_is(house, moment - timedelta(microseconds=1))
    with house.transaction() as transaction:
        assert advance(transaction) is Step.NOTHING
        assert judge(transaction, PEOPLE[0]).rulebook.version == "1"
        follow(transaction, PEOPLE[0])
    assert stored(house) == colours("1")
    it_is(house, moment)
    with house.transaction() as transaction:
        assert judge(transaction, PEOPLE[0]).rulebook.version == "2"
        assert judge(transaction, PEOPLE[0], NOON).rulebook.version == "1"
    assert list(steps(house, 20)) == [(0, None), (12, 12)]
    assert stored(house) == colours("2", cough="green")


def test_whoever_is_looked_at_before_their_turn_follows_first(house: Database) -> None:
    it_is(house, NOON + DAY)
    published(house, book(house, "2"))
    coughed, other = PEOPLE[3], PEOPLE[6]
    with house.transaction() as transaction:
        follow(transaction, coughed)
        assert judge(transaction, coughed).standing.colour is Colour.GREEN
    assert stored(house)[coughed] == ("green", "2")
    assert stored(house)[other] == ("orange", "1")
    with house.transaction() as transaction:
        trust(transaction, SigningKey("Tianjin", KEY))
        request(transaction, other, "citizen.1", Shown("王*明", "10", "123X"))
    assert stored(house)[other] == ("green", "2")
    assert look(house, "SELECT value FROM codes.slots WHERE person = :p", p=other) == [(0,)]
    assert list(steps(house, 20)) == [(0, None), (10, 10)]


def test_whoever_follows_already_is_not_written_again(house: Database) -> None:
    query = "SELECT ctid::text FROM rulebook.standings WHERE person = :p"
    before = look(house, query, p=PEOPLE[0])
    with house.transaction() as transaction:
        follow(transaction, PEOPLE[0])
    assert look(house, query, p=PEOPLE[0]) == before


def test_where_no_declaration_is_needed_grey_turns_green_also_without_a_standing(
    house: Database,
) -> None:
    lapsed, silent = 9_100_001, 9_100_002
    shown = Shown("王*明", "10", "123X")
    with house.transaction() as transaction:
        trust(transaction, SigningKey("Tianjin", KEY))
        put(transaction, [lapsed, silent], [])
        reassess(transaction, [lapsed])
        follow(transaction, silent)
        with pytest.raises(NoColour):
            request(transaction, silent, "citizen.2", shown)
    assert silent not in stored(house)
    published(house, book(house, "2", "R3", undeclared=Colour.GREEN))
    with house.transaction() as transaction:
        request(transaction, silent, "citizen.2", shown)
    assert list(steps(house, 20)) == [(0, None), (13, 13)]
    everybody = colours("2", cough="green") | dict.fromkeys([lapsed, silent], ("green", "2"))
    assert stored(house) == everybody
    with house.transaction() as transaction:
        [counted] = count_colours(transaction).values()
    assert (counted[Colour.GREEN], counted[Colour.GREY]) == (11, 0)


def test_a_job_asks_for_the_next_until_all_is_done_and_where_nothing_is_for_none(
    house: Database,
) -> None:
    query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :job"
    key = published(house, book(house, "2"), NOON + DAY)
    for moment, waiting in ((NOON, 0), (NOON + DAY, 1), (NOON + DAY, 1)):
        it_is(house, moment)
        with house.transaction() as transaction:
            change_standings(transaction)
            assert transaction.run(sa.text(query), {"job": CHANGE}).scalar() == waiting
    assert how_far(house, key).done == 12


# --------------------------------------------------------------------- several at once

LOCKS = sa.text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid())"
)


def until(true: Callable[[], object]) -> None:
    """Wait until something is so; what is waited for takes milliseconds."""
    end = monotonic() + 20
    while not true():
        assert monotonic() < end


def test_whoever_writes_by_the_older_rulebook_is_waited_for_and_none_writes_after_them(
    fresh: Database,
) -> None:
    slow = settled(replace(fresh, clock=SetClock(NOON)))
    key = published(slow, book(slow, "2"))
    late, later = 9_100_001, 9_100_002
    before = replace(slow, clock=SetClock(NOON - MINUTE))  # their clock is behind
    ended: list[Publication] = []
    worker = Thread(target=lambda: ended.append(see_through(slow, key, lambda _: None)))
    with before.transaction() as transaction:
        put(transaction, [late, later], [])
        reassess(transaction, [late])
        worker.start()
        until(lambda: transaction.run(LOCKS).scalar())
        held = slow.engine.connect()
        with held, slow.on(held) as another:
            assert advance(another) is Step.HELD, "one works, and the others do not wait for it"
    worker.join(30)
    assert (ended[0].done, ended[0].total) == (13, 13)
    with before.transaction() as transaction:
        reassess(transaction, [later, PEOPLE[0]])
    assert {version for _, version in stored(slow).values()} == {"2"}
