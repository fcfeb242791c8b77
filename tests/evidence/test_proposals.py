"""What waits for a second person: who may approve, what then counts, and what never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from healthcode.access import Role, ensure_client, passwords
from healthcode.access.accounts import close_account, found, open_account
from healthcode.access.terms import ROLES, ScopeKind
from healthcode.evidence import proposals
from healthcode.evidence.actions import SourceRegistration, clear, designate, register
from healthcode.evidence.declarations import Declaration, Symptom, declare
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.pushing import push
from healthcode.evidence.proposals import (
    Decided,
    NotASecondPerson,
    NothingWaits,
    NotYourDivision,
    Waiting,
)
from healthcode.kit.clock import SetClock, local_today
from healthcode.kit.db import Database
from healthcode.kit.http import Caller
from healthcode.people import ensure, identify
from healthcode.rulebook import Colour, judge
from healthcode.rulebook.tables import turned
from healthcode.rulebook.weighing import MOST
from tests.conftest import NOON
from tests.evidence.feeding import CITY, document, facts, look

HOUR = timedelta(hours=1)
Row = dict[str, str]
OVER = {"kind": "clearance", "result": "isolation_over", "started_at": "2020-02-20T08:00"}
SCOPES = {ScopeKind.DIVISION: "*", ScopeKind.PLACE: "p7Kq"}


def close(*people: int, **says: str) -> list[Row]:
    """Rows that turn people red, each with an id."""
    said = {"kind": "contact", "result": "close", "started_at": "2020-02-19T12:00"}
    return [{"row_id": f"r{n}", "subject": document(n)} | said | says for n in people]


@dataclass(frozen=True)
class City:
    """The first founder's bureau has turned all it may; the second founder's approver is there."""

    house: Database

    def at(self, later: timedelta) -> City:
        return City(replace(self.house, clock=SetClock(NOON + later)))

    def opens(self, name: str, role: str, maker: str) -> str:
        scope = SCOPES.get(ROLES[Role(role)].scope, "")
        with self.house.transaction() as transaction:
            return open_account(transaction, Caller(maker, "operator"), name, role, scope).name

    def may_turn(self, people: int) -> None:
        """How many more people the first founder's side may turn today."""
        row = {"bucket": "account:first", "day": local_today(NOON), "people": MOST - people}
        with self.house.transaction() as transaction:
            transaction.run(sa.delete(turned))
            transaction.run(sa.insert(turned), row)

    def sends(self, rows: list[Row], account: str = "bureau") -> tuple[int, int, int]:
        """How many rows count, wait, and were not taken."""
        with self.house.acting_as(account).transaction() as transaction:
            pushed = push(transaction, "bureau", "cdc", CITY, rows)
        waiting = pushed.counts[Outcome.PROPOSED]
        return sum(pushed.counts.values()) - waiting, waiting, len(pushed.rejected)

    def waiting(self) -> list[Waiting]:
        with self.house.transaction() as transaction:
            return proposals.waiting(transaction)

    def proposal(self) -> int:
        [one] = self.waiting()
        return one.proposal

    def decides(
        self,
        proposal: int,
        by: str | None = "approver",
        *,
        approve: bool = True,
        scope: str = "*",
    ) -> Decided:
        house = self.house.acting_as(by) if by is not None else self.house
        with house.transaction() as transaction:
            return proposals.decide(transaction, proposal, CITY, scope, approve=approve)

    def approves(self) -> Decided:
        return self.decides(self.proposal())

    def person(self, number: int) -> int:
        with self.house.transaction() as transaction:
            subject = identify(transaction.keys, "", document(number), NOON.date())
            return ensure(transaction, "", [subject])[subject]

    def colour(self, number: int) -> Colour:
        person = self.person(number)
        stored = look(
            self.house, "SELECT colour FROM rulebook.standings WHERE person = :p", p=person
        )
        with self.house.transaction() as transaction:
            judged = judge(transaction, person).standing.colour
        assert [row.colour for row in stored] in ([judged.value], []), "stored as it is judged"
        return judged

    def left(self) -> int:
        return int(look(self.house, "SELECT count(*) FROM evidence.proposed_rows")[0][0])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords that cost nothing to make."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def city(house: Database) -> City:
    made = City(house)
    with house.transaction() as transaction:
        found(transaction, "first", "second")
        kinds = ("*", "designation")
        register(transaction, SourceRegistration("bureau", "cdc", "authority", kinds, ("all",)))
        ensure_client(transaction, Caller("first", "operator"), "bureau")
    made.opens("approver", Role.APPROVER, "second")
    made.may_turn(0)
    return made


# ---------------------------------------------------------------- who may


def test_what_is_approved_by_the_other_side_counts_and_what_waited_is_gone(city: City) -> None:
    assert city.sends(close(1, 2)) == (0, 2, 0)
    assert (city.colour(1), city.left()) == (Colour.GREY, 2)
    assert city.approves() == Decided(recorded=2, rejected=0)
    assert (city.colour(1), city.colour(2)) == (Colour.RED, Colour.RED)
    assert (city.waiting(), city.left()) == ([], 0)


@pytest.mark.parametrize("approve", [True, False])
def test_the_proposer_its_makers_and_their_side_neither_approve_nor_refuse(
    city: City, *, approve: bool
) -> None:
    city.opens("deputy", Role.OPERATOR, "first")
    ours = [
        city.opens("sibling", Role.APPROVER, "first"),
        city.opens("nephew", Role.APPROVER, "deputy"),
    ]
    city.sends(close(1), account="deputy")
    proposal = city.proposal()
    for account in (*ours, "bureau", "deputy", "first", "second", "nobody", "", None):
        with pytest.raises(NotASecondPerson):
            city.decides(proposal, account, approve=approve)
    assert (city.colour(1), city.left()) == (Colour.GREY, 1)
    assert city.proposal() == proposal


@pytest.mark.parametrize(
    "role", [each for each in Role if each not in {Role.CITIZEN, Role.APPROVER}]
)
def test_an_account_of_another_role_is_no_second_person(city: City, role: Role) -> None:
    city.opens("theirs", role, "second")
    city.sends(close(1))
    with pytest.raises(NotASecondPerson):
        city.decides(city.proposal(), "theirs")


def test_an_approver_of_the_other_side_may_whoever_of_it_made_them_until_they_are_closed(
    city: City,
) -> None:
    city.opens("deputy", Role.OPERATOR, "second")
    city.opens("theirs", Role.APPROVER, "deputy")
    city.sends(close(1))
    city.sends(close(2))
    first, second = (each.proposal for each in city.waiting())
    assert city.decides(first, "theirs") == Decided(1, 0)
    with city.house.transaction() as transaction:
        close_account(transaction, Caller("second", "operator"), "theirs")
    with pytest.raises(NotASecondPerson):
        city.decides(second, "theirs")


def test_what_one_side_sends_for_a_client_of_the_other_neither_side_approves(city: City) -> None:
    city.opens("sibling", Role.APPROVER, "first")
    city.sends(close(1), account="second")
    for approver in ("approver", "sibling"):
        with pytest.raises(NotASecondPerson):
            city.decides(city.proposal(), approver)


# ---------------------------------------------------------------- what counts then


def test_what_is_approved_is_known_from_the_approval_on_and_not_before(city: City) -> None:
    city.sends(close(1))
    city.at(HOUR).approves()
    person = city.person(1)
    with city.at(2 * HOUR).house.transaction() as transaction:
        for known_at, colour in (
            (NOON, Colour.GREY),
            (NOON + HOUR - timedelta(seconds=1), Colour.GREY),
            (NOON + HOUR, Colour.RED),
            (None, Colour.RED),
        ):
            assert judge(transaction, person, known_at=known_at).standing.colour is colour
    [fact] = facts(city.house)
    assert fact.recorded_at == NOON + HOUR


def test_the_recording_names_the_client_and_the_second_person(city: City) -> None:
    city.sends(close(1), account="first")
    [one] = city.waiting()
    assert one == Waiting(one.proposal, "bureau", "first", "evidence", NOON, 1)
    city.at(HOUR).approves()
    query = "SELECT client, account FROM evidence.recordings ORDER BY recording DESC LIMIT 1"
    assert look(city.house, query) == [("bureau", "approver")]
    query = "SELECT account, decided_by, approved, decided_at FROM evidence.proposals"
    assert look(city.house, query) == [("first", "approver", True, NOON + HOUR)]


def test_what_is_approved_spends_nothing_of_anybodys_day(city: City) -> None:
    city.sends(close(1, 2, 3))
    before = look(city.house, "SELECT * FROM rulebook.turned ORDER BY bucket, day")
    city.approves()
    assert look(city.house, "SELECT * FROM rulebook.turned ORDER BY bucket, day") == before
    city.may_turn(1)
    assert city.sends(close(4, 5)) == (1, 1, 0)


def test_a_person_who_turned_meanwhile_is_no_hindrance(city: City) -> None:
    city.sends(close(1))
    with city.house.transaction() as transaction:
        said = Declaration("120101", symptoms=((Symptom.FEVER, local_today(NOON)),))
        declare(transaction, city.person(1), said)
    assert city.colour(1) is Colour.ORANGE
    assert city.approves() == Decided(1, 0)
    assert city.colour(1) is Colour.RED


def test_a_designation_a_retraction_and_a_correction_count_once_approved(city: City) -> None:
    stays = close(1, 2, kind="stay", result="", area="420106")
    cleared = [row | OVER | {"row_id": "c"} for row in close(3)]
    casual = close(4, result="casual")
    assert city.sends([*stays, *close(3), *cleared, *casual]) == (5, 0, 0)
    risk = {"level": "high", "area": "420100", "started_at": "2020-01-10"}
    with city.house.acting_as("bureau").transaction() as transaction:
        assert designate(transaction, "bureau", CITY, risk) is Outcome.PROPOSED
    assert city.sends([{"row_id": "c", "action": "retract"}]) == (0, 1, 0)
    assert city.sends(close(4)) == (0, 1, 0)
    assert {city.colour(n) for n in (1, 2, 3, 4)} == {Colour.GREY}
    kinds = [each.what for each in city.waiting()]
    assert kinds == ["designations", "evidence", "evidence"]
    assert [city.decides(each.proposal) for each in city.waiting()] == [Decided(1, 0)] * 3
    assert {city.colour(n) for n in (1, 2, 3, 4)} == {Colour.RED}


def test_a_refused_designation_is_never_known(city: City) -> None:
    city.sends(close(1, kind="stay", result="", area="420106"))
    risk = {"level": "high", "area": "420100", "started_at": "2020-01-10"}
    with city.house.acting_as("bureau").transaction() as transaction:
        designate(transaction, "bureau", CITY, risk)
    city.decides(city.proposal(), approve=False)
    assert city.colour(1) is Colour.GREY
    assert look(city.house, "SELECT 1 FROM evidence.designations") == []


def test_what_staff_wrote_down_counts_as_the_persons_word_once_approved(city: City) -> None:
    city.opens("worker", Role.COMMUNITY, "first")
    said = Declaration("120101", symptoms=((Symptom.FEVER, local_today(NOON)),))
    with city.house.acting_as("worker").transaction() as transaction:
        declare(transaction, city.person(1), said, own=False)
    [one] = city.waiting()
    assert (one.client, one.account, one.rows) == ("self", "worker", 2)
    assert city.colour(1) is Colour.GREY
    assert city.approves() == Decided(2, 0)
    assert city.colour(1) is Colour.ORANGE
    assert {fact.source_class for fact in facts(city.house)} == {"self"}


def test_ones_own_word_takes_the_place_of_what_staff_wrote_down_and_waits_for_nobody(
    city: City,
) -> None:
    city.opens("worker", Role.COMMUNITY, "first")
    said = Declaration("120101", symptoms=((Symptom.FEVER, local_today(NOON)),))
    with city.house.acting_as("worker").transaction() as transaction:
        declare(transaction, city.person(1), said, own=False)
    with city.house.acting_as("citizen.7").transaction() as transaction:
        declare(transaction, city.person(1), said)
    assert (city.colour(1), city.left(), city.waiting()) == (Colour.ORANGE, 0, [])


def test_a_clearance_of_somebody_whose_contact_waits_counts_at_once(city: City) -> None:
    city.sends(close(1))
    with city.house.acting_as("doctor").transaction() as transaction:
        caller = Caller("doctor", Role.CLINIC, scope="*")
        assert clear(transaction, caller, CITY, city.person(1), "cleared", NOON) == "recorded"
    city.approves()
    assert city.colour(1) is Colour.RED, "a clinic does not end it"


# ---------------------------------------------------------------- what never does


def test_what_is_refused_stays_out_and_its_rows_are_gone(city: City) -> None:
    city.sends(close(1))
    proposal = city.proposal()
    assert city.decides(proposal, approve=False) == Decided(0, 0)
    assert (city.colour(1), city.left(), city.waiting()) == (Colour.GREY, 0, [])
    assert facts(city.house) == []
    for approve in (True, False):
        with pytest.raises(NothingWaits):
            city.decides(proposal, approve=approve)
    assert look(city.house, "SELECT approved FROM evidence.proposals") == [(False,)]
    assert city.colour(1) is Colour.GREY
    assert city.sends(close(1)) == (0, 1, 0), "asked for again, it waits again"


def test_nothing_is_approved_twice(city: City) -> None:
    city.sends(close(1))
    proposal = city.proposal()
    city.decides(proposal)
    with pytest.raises(NothingWaits):
        city.decides(proposal)
    assert len(facts(city.house)) == 1


def test_nothing_waits_under_a_number_that_was_never_given(city: City) -> None:
    with pytest.raises(NothingWaits):
        city.decides(2**62)


def test_taking_back_a_row_that_only_waits_withdraws_it(city: City) -> None:
    city.sends(close(1, 2))
    proposal = city.proposal()
    assert city.sends([{"row_id": "r1", "action": "retract"}]) == (1, 0, 0)
    assert city.waiting()[0].rows == 1
    assert city.decides(proposal) == Decided(1, 0)
    assert (city.colour(1), city.colour(2)) == (Colour.GREY, Colour.RED)


def test_a_proposal_of_which_everything_was_withdrawn_gives_nothing(city: City) -> None:
    city.sends(close(1))
    proposal = city.proposal()
    assert city.sends([{"row_id": "r1", "action": "retract"}]) == (1, 0, 0)
    assert city.waiting() == []
    assert city.decides(proposal) == Decided(0, 0)
    assert facts(city.house) == []
    assert city.sends([{"row_id": "r1", "action": "retract"}]) == (0, 0, 1), "nothing is there"


def test_a_newer_word_about_a_row_takes_the_place_of_the_one_that_waits(city: City) -> None:
    city.sends(close(1))
    old = city.proposal()
    moved = [row | {"subject": document(2)} for row in close(1)]
    assert city.sends(moved) == (0, 1, 0)
    assert city.decides(old) == Decided(0, 0)
    assert (city.colour(1), city.colour(2)) == (Colour.GREY, Colour.GREY)
    assert city.approves() == Decided(1, 0)
    assert (city.colour(1), city.colour(2)) == (Colour.GREY, Colour.RED)


def test_a_harmless_word_withdraws_the_one_that_waits(city: City) -> None:
    city.sends(close(1))
    assert city.sends(close(1, result="none")) == (1, 0, 0)
    assert (city.waiting(), city.left()) == ([], 0)
    assert city.colour(1) is Colour.GREY


def test_the_same_word_again_leaves_one_of_it_waiting(city: City) -> None:
    for _ in range(3):
        assert city.sends(close(1)) == (0, 1, 0)
    assert (city.left(), len(city.waiting())) == (1, 1)
    city.may_turn(1)
    assert city.sends(close(1)) == (1, 0, 0), "by now there is room"
    assert (city.left(), city.waiting(), city.colour(1)) == (0, [], Colour.RED)


def test_taking_back_a_row_takes_its_waiting_correction_along(city: City) -> None:
    city.sends(close(1, result="casual"))
    assert city.sends(close(1)) == (0, 1, 0)
    assert city.sends([{"row_id": "r1", "action": "retract"}]) == (1, 0, 0)
    assert (city.left(), city.waiting()) == (0, [])
    assert [fact.retracted for fact in facts(city.house)] == [True]


def test_recording_a_row_again_withdraws_its_waiting_retraction(city: City) -> None:
    cleared = [row | OVER | {"row_id": "c"} for row in close(1)]
    city.sends([*close(1), *cleared])
    assert city.sends([{"row_id": "c", "action": "retract"}]) == (0, 1, 0)
    assert city.sends(cleared) == (1, 0, 0)
    assert (city.left(), city.colour(1)) == (0, Colour.GREY)


def test_a_newer_word_that_is_not_taken_leaves_the_one_that_waits(city: City) -> None:
    city.sends(close(1))
    narrow = SourceRegistration("bureau", "cdc", "authority", ("*",), ("120101",))
    with city.house.transaction() as transaction:
        register(transaction, narrow)
    assert city.sends(close(1, area="420106")) == (0, 0, 1)
    assert city.left() == 1


def test_a_districts_approver_decides_about_its_own_residents_only(city: City) -> None:
    city.sends(close(1))
    proposal = city.proposal()
    for approve in (True, False):
        with pytest.raises(NotYourDivision):
            city.decides(proposal, scope="120101", approve=approve)
    with city.house.transaction() as transaction:
        home = sa.text("UPDATE people.persons SET residence = '120101001' WHERE person = :who")
        transaction.run(home, {"who": city.person(1)})
    with pytest.raises(NotYourDivision):
        city.decides(proposal, scope="120102")
    assert city.decides(proposal, scope="120101").recorded == 1


def test_another_client_withdraws_nothing_of_what_waits(city: City) -> None:
    city.sends(close(1))
    with city.house.transaction() as transaction:
        register(transaction, SourceRegistration("lab", "lab", "clinic", ("*",), ("all",)))
        pushed = push(transaction, "lab", "lab", CITY, [{"row_id": "r1", "action": "retract"}])
    assert len(pushed.rejected) == 1
    assert city.left() == 1
