"""The second person: nobody turns more people orange or red on a day than is usual, however asked.

An office that turned nobody yesterday may turn 20 people today; a new one 500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from healthcode.access import Role, ensure_client, passwords
from healthcode.access.accounts import found, open_account
from healthcode.evidence.actions import SourceRegistration, clear, designate, register
from healthcode.evidence.declarations import Declaration, Symptom, declare
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.importing import Importer
from healthcode.evidence.feeds.pushing import push
from healthcode.kit.clock import SHANGHAI, SetClock, local_today
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from healthcode.people import ensure, identify
from healthcode.rulebook import Colour, count_colours, judge, weighing
from healthcode.rulebook.actions import AT_ONCE
from healthcode.rulebook.tables import turned
from healthcode.rulebook.weighing import LEAST, MOST, limit
from tests.conftest import NOON
from tests.evidence.feeding import CITY, RolledBack, document, look, table

DAY = timedelta(days=1)
Row = dict[str, str]
Rows = list[Row]
FEVERISH = Declaration("120101", symptoms=((Symptom.FEVER, local_today(NOON)),))


def rows(people: range, **says: str) -> Rows:
    """A row about each: by default, that they were close to somebody ill."""
    said = {"kind": "contact", "result": "close", "started_at": "2020-02-19T12:00"} | says
    return [said | {"subject": document(n)} for n in people]


def named(listed: Rows, name: str, **says: str) -> Rows:
    """The same rows with ids of their own."""
    return [row | {"row_id": f"{name}-{n}"} | says for n, row in enumerate(listed)]


HARMLESS = rows(range(9000, 9001), kind="test", result="negative")


@dataclass(frozen=True)
class Office:
    """A client that speaks as one source, on its own word or on another account's."""

    house: Database
    client: str
    source: str
    account: str | None = None

    def at(self, moment: datetime) -> Office:
        return replace(self, house=replace(self.house, clock=SetClock(moment)))

    def begin(self) -> Database:
        return self.house.acting_as(self.account or self.client)

    def sends(self, listed: Rows) -> tuple[int, int]:
        """How many rows count now, and how many wait."""
        with self.begin().transaction() as transaction:
            pushed = push(transaction, self.client, self.source, CITY, listed)
        assert pushed.rejected == []
        waiting = pushed.counts[Outcome.PROPOSED]
        return sum(pushed.counts.values()) - waiting, waiting

    def imports(self, listed: Rows, folder: Path) -> tuple[int, int]:
        """The same with a file."""
        path = folder / f"{self.client}-{len(list(folder.iterdir()))}.csv"
        path.write_text(table(*(row | {"source": self.source} for row in listed)))
        report = Importer(self.begin(), self.client, CITY).run(path)
        assert report.rejected == 0
        return report.recorded + report.corrected + report.retracted, report.proposed

    def designates(self, **row: str) -> Outcome:
        with self.begin().transaction() as transaction:
            return designate(transaction, self.client, CITY, {"level": "high"} | row)


@dataclass(frozen=True)
class City:
    """Two founders, and the offices of each one's side."""

    house: Database

    def office(self, client: str, maker: str = "first", source: str = "", **more: str) -> Office:
        """A department of an operator's, registered for a source of the authority's."""
        source = source or f"{client}.source"
        kinds = ("*", "designation")
        asked = SourceRegistration(client, source, more.pop("as_", "authority"), kinds, ("all",))
        if asked.source_class != "authority":
            asked = replace(asked, kinds=("*",))
        with self.house.transaction() as transaction:
            register(transaction, asked)
            ensure_client(transaction, Caller(maker, "operator"), client)
        return Office(self.house, client, source, **more)

    def staff(self, name: str, role: str, maker: str = "first", scope: str = "") -> str:
        with self.house.transaction() as transaction:
            return open_account(transaction, Caller(maker, "operator"), name, role, scope).name

    def quiet(self, office: Office) -> Office:
        """The office, after a day on which it turned nobody: today it may turn 20."""
        assert office.at(office.house.clock.now() - DAY).sends(HARMLESS) == (1, 0)
        return office

    def turned(self) -> int:
        """How many people show orange or red."""
        query = "SELECT count(*) FROM rulebook.standings WHERE colour IN ('orange', 'red')"
        return int(look(self.house, query)[0][0])

    def spent(self, bucket: str, days: dict[int, int]) -> None:
        """Let somebody have turned so many people, by how many days ago."""
        today = local_today(self.house.clock.now())
        listed = [{"bucket": bucket, "day": today - n * DAY, "people": p} for n, p in days.items()]
        with self.house.transaction() as transaction:
            transaction.run(
                sa.text("DELETE FROM rulebook.turned WHERE bucket = :bucket"), {"bucket": bucket}
            )
            transaction.run(sa.insert(turned), listed)

    def persons(self, people: range) -> list[int]:
        with self.house.transaction() as transaction:
            asked = [identify(transaction.keys, "", document(n), local_today(NOON)) for n in people]
            known = ensure(transaction, "", asked)
            return [known[each] for each in asked]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords that cost nothing to make."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def city(shared_database: Database, transaction: Transaction) -> City:
    found(transaction, "first", "second")
    return City(RolledBack.of(shared_database, transaction))


@pytest.fixture
def bureau(city: City) -> Office:
    """A new department, which may turn 500."""
    return city.office("bureau")


@pytest.fixture
def quiet(city: City, bureau: Office) -> Office:
    """A quiet one, which may turn 20."""
    return city.quiet(bureau)


# ---------------------------------------------------------------- the limit


@pytest.mark.parametrize(
    ("earlier", "most"),
    [
        ([], 500),
        ([0] * 14, 20),
        ([3], 20),
        ([4], 20),
        ([5], 25),
        ([10] * 14, 50),
        ([99, 100], 497),
        ([100], 500),
        ([200], 500),
        ([0] * 13 + [1400], 500),
        ([0] * 13 + [100], 35),
    ],
)
def test_the_limit_is_five_usual_days_between_20_and_500(earlier: list[int], most: int) -> None:
    assert limit(earlier) == most
    assert LEAST <= limit(earlier) <= MOST


@pytest.mark.parametrize(
    ("days", "room"),
    [
        (dict.fromkeys(range(1, 15), 10) | {15: 5000}, 50),
        (dict.fromkeys(range(15), 10) | {15: 5000}, 40),
        ({n * 30: 10 for n in range(1, 15)} | {15 * 30: 5000}, 50),
        ({0: 499}, 1),
        ({0: 7, 1: 0}, 13),
        ({-1: 400, 1: 0}, 20),
    ],
    ids=["a fifteenth day", "today too", "far apart", "the first day", "a quiet day", "tomorrow"],
)
def test_the_usual_day_is_the_mean_of_the_last_14_earlier_days_on_which_anything_came(
    city: City, days: dict[int, int], room: int
) -> None:
    city.spent("source:x", days)
    city.spent("source:y", {0: 1, 1: 1, 2: 1})
    with city.house.transaction() as transaction:
        turned = weighing._days(transaction, {"source:x"})
        assert weighing._room(turned, local_today(transaction.now)) == {"source:x": room}


def test_a_day_on_which_nobody_turned_is_a_usual_day_too(city: City, bureau: Office) -> None:
    bureau.at(NOON - 2 * DAY).sends(rows(range(16)))
    bureau.at(NOON - DAY).sends(HARMLESS)
    assert bureau.sends(rows(range(100, 150))) == (40, 10)


# ---------------------------------------------------------------- the 501st waits


def test_of_501_people_in_one_file_the_last_waits(
    city: City, bureau: Office, tmp_path: Path
) -> None:
    assert bureau.imports(rows(range(501)), tmp_path) == (500, 1)
    assert city.turned() == 500
    assert bureau.sends(rows(range(500, 501), started_at="2020-02-18T12:00")) == (0, 1)


def test_of_501_people_in_calls_and_files_the_last_waits(
    city: City, bureau: Office, tmp_path: Path
) -> None:
    assert bureau.sends(rows(range(250))) == (250, 0)
    assert bureau.imports(rows(range(250, 499)), tmp_path) == (249, 0)
    assert bureau.sends(rows(range(499, 501))) == (1, 1)
    assert bureau.imports(rows(range(501, 504)), tmp_path) == (0, 3)
    assert city.turned() == 500


def test_a_designation_of_501_people_waits_whole_and_one_of_500_counts(
    city: City, bureau: Office
) -> None:
    stays = rows(range(500), kind="stay", result="", area="420106", ended_at="2020-02-19T13:00")
    more = rows(range(1), kind="stay", result="", area="420106", ended_at="2020-02-19T14:00")
    other = rows(range(500, 501), kind="stay", result="", area="420107")
    assert bureau.sends([*stays, *more, *other]) == (502, 0)
    assert bureau.designates(area="420100", started_at="2020-01-10") is Outcome.PROPOSED
    assert city.turned() == 0
    assert bureau.designates(area="420106", started_at="2020-01-10") is Outcome.RECORDED
    assert city.turned() == 500
    assert bureau.designates(area="420107", started_at="2020-01-10") is Outcome.PROPOSED


def test_clients_of_one_maker_never_turn_more_than_500_however_they_race(fresh: Database) -> None:
    house = replace(fresh, clock=SetClock(NOON))
    with house.transaction() as transaction:
        found(transaction, "first", "second")
    city, barrier = City(house), Barrier(2)
    offices = [city.office("one"), city.office("two")]

    def send(office: Office, people: range) -> tuple[int, int]:
        barrier.wait(30)
        return office.sends(rows(people))

    with ThreadPoolExecutor(2) as pool:
        works = [
            pool.submit(send, office, range(n * 300, n * 300 + 300))
            for n, office in enumerate(offices)
        ]
        done = sorted(work.result(60) for work in works)
    assert done == [(200, 100), (300, 0)]
    assert city.turned() == 500


# ---------------------------------------------------------------- one limit for one person's word


Pair = Callable[[City, Office], Office]


def other_client(city: City, _: Office) -> Office:
    return city.office("lab")


def other_source(city: City, office: Office) -> Office:
    return city.office(office.client, source="second.source")


def source_of_other_side(city: City, office: Office) -> Office:
    return city.office("lab", "second", office.source)


def by_its_maker(_: City, office: Office) -> Office:
    return replace(office, account="first")


def maker_for_a_stranger(city: City, _: Office) -> Office:
    return replace(city.office("lab", "second"), account="first")


def made_by_the_made(city: City, _: Office) -> Office:
    city.staff("deputy", Role.OPERATOR)
    city.staff("deputys.deputy", Role.OPERATOR, "deputy")
    return city.office("lab", "deputys.deputy")


@pytest.mark.parametrize(
    "other",
    [
        other_client, other_source, source_of_other_side, by_its_maker, maker_for_a_stranger,
        made_by_the_made,
    ],
    ids=lambda each: each.__name__,
)  # fmt: skip
def test_whatever_comes_on_one_persons_word_or_from_one_source_has_one_limit(
    city: City, quiet: Office, other: Pair
) -> None:
    second = other(city, quiet)
    assert quiet.sends(rows(range(15))) == (15, 0)
    assert second.sends(rows(range(100, 115))) == (5, 10)
    assert quiet.sends(rows(range(200, 201))) == (0, 1)
    assert city.turned() == 20


def test_a_founder_and_everybody_under_them_have_one_limit(city: City, quiet: Office) -> None:
    city.staff("deputy", Role.OPERATOR)
    under = city.office("under", "deputy")
    assert under.sends(rows(range(18))) == (18, 0)
    assert quiet.sends(rows(range(100, 103))) == (2, 1)
    for n, office in enumerate((under, city.office("new", "deputy"), city.office("newer"))):
        assert office.sends(rows(range(200 + n, 201 + n))) == (0, 1)


def test_the_two_sides_count_apart(city: City, quiet: Office) -> None:
    other = city.quiet(city.office("theirs", "second"))
    assert quiet.sends(rows(range(20))) == (20, 0)
    assert other.sends(rows(range(100, 121))) == (20, 1)


# ---------------------------------------------------------------- the day


def test_the_count_begins_anew_at_local_midnight_not_at_utcs(city: City, quiet: Office) -> None:
    before_eight = datetime(2020, 2, 20, 7, 59, tzinfo=SHANGHAI).astimezone(UTC)
    assert quiet.at(before_eight).sends(rows(range(20))) == (20, 0)
    assert quiet.at(before_eight + timedelta(minutes=2)).sends(rows(range(20, 21))) == (0, 1)
    last = datetime(2020, 2, 20, 23, 59, 59, tzinfo=SHANGHAI).astimezone(UTC)
    assert quiet.at(last).sends(rows(range(21, 22))) == (0, 1)
    midnight = quiet.at(last + timedelta(seconds=1))
    assert midnight.sends(rows(range(100, 151))) == (50, 1), "five times the mean of 0 and 20"


# ---------------------------------------------------------------- whatever turns people


def test_a_row_that_turns_nobody_passes_when_nothing_is_left(city: City, quiet: Office) -> None:
    quiet.sends(rows(range(20)))
    assert quiet.sends(rows(range(100, 130), kind="test", result="negative")) == (30, 0)
    assert quiet.sends(rows(range(100, 101))) == (0, 1)


def test_a_fact_that_starts_tomorrow_counts_today(city: City, quiet: Office) -> None:
    tomorrow = rows(range(25), kind="arrival", result="abroad", started_at="2020-02-21T20:00")
    assert quiet.sends(tomorrow) == (20, 5)
    assert city.turned() == 0
    assert quiet.sends(rows(range(100, 101))) == (0, 1)


def test_a_designation_first_and_then_its_facts_counts_them(city: City, quiet: Office) -> None:
    assert quiet.designates(area="420100", started_at="2020-01-10") is Outcome.RECORDED
    stays = rows(range(25), kind="stay", result="", area="420106")
    assert quiet.sends(stays) == (20, 5)
    assert city.turned() == 20


def test_facts_first_and_then_their_designation_waits_whole(city: City, quiet: Office) -> None:
    visits = rows(range(21), kind="visit", result="", place="store")
    assert quiet.sends(visits) == (21, 0)
    site = {"level": "exposure", "place": "store", "started_at": "2020-02-19"}
    assert quiet.designates(**site) is Outcome.PROPOSED
    assert city.turned() == 0
    assert quiet.sends(rows(range(100, 120))) == (20, 0), "what waits spends nothing"


def test_a_clearance_that_opens_a_rule_counts(city: City, quiet: Office) -> None:
    released = rows(range(25), kind="clearance", result="suspicion_excluded")
    assert quiet.sends(released) == (20, 5)
    assert city.turned() == 20


def test_taking_back_a_clearance_counts(city: City, quiet: Office) -> None:
    over = {"kind": "clearance", "result": "isolation_over", "started_at": "2020-02-20T08:00"}
    cleared = named(rows(range(25), **over), "c")
    assert quiet.sends([*rows(range(25)), *cleared]) == (50, 0)
    assert city.turned() == 0
    assert quiet.sends([row | {"action": "retract"} for row in cleared]) == (20, 5)
    assert city.turned() == 20


def test_a_correction_counts_with_what_it_says_now(city: City, quiet: Office) -> None:
    harmless = named(rows(range(25), result="casual"), "r")
    assert quiet.sends(harmless) == (25, 0)
    assert quiet.sends([row | {"result": "close"} for row in harmless]) == (20, 5)
    assert city.turned() == 20


def test_a_correction_to_other_people_counts_them(city: City, quiet: Office) -> None:
    first = named(rows(range(20)), "r")
    assert quiet.sends(first) == (20, 0)
    moved = [row | {"subject": document(100 + n)} for n, row in enumerate(first)]
    assert quiet.sends(moved) == (0, 20)
    assert city.turned() == 20


def test_taking_back_and_recording_again_counts_again(city: City, quiet: Office) -> None:
    listed = named(rows(range(20)), "r")
    assert quiet.sends(listed) == (20, 0)
    assert quiet.sends([row | {"action": "retract"} for row in listed]) == (20, 0)
    assert city.turned() == 0
    assert quiet.sends(listed) == (0, 20)
    assert city.turned() == 0


def test_what_staff_write_down_counts_for_them_and_a_persons_own_word_never_waits(
    city: City, bureau: Office
) -> None:
    worker = city.staff("worker", Role.COMMUNITY, scope="120101")
    city.spent("account:first", {0: MOST - 3})
    people = city.persons(range(6))
    for person in people[:4]:
        with city.house.acting_as(worker).transaction() as transaction:
            declare(transaction, person, FEVERISH, own=False)
    assert city.turned() == 3
    assert bureau.sends(rows(range(100, 101))) == (0, 1)
    for person in people[3:]:
        with city.house.acting_as("citizen.7").transaction() as transaction:
            declare(transaction, person, FEVERISH)
    assert city.turned() == 6


def test_a_persons_own_word_spends_nothing_of_what_staff_may_write_down(city: City) -> None:
    city.spent("account:worker", {0: MOST - 2})
    for number, person in enumerate(city.persons(range(6))):
        with city.house.acting_as("worker").transaction() as transaction:
            declare(transaction, person, FEVERISH, own=number < 3)
    assert city.turned() == 5


@pytest.mark.parametrize("role", [Role.CLINIC, Role.COMMUNITY])
def test_a_clinics_or_communitys_clearance_turns_nobody_and_never_waits(
    city: City, bureau: Office, role: Role
) -> None:
    worker = city.staff("worker", role, scope="*")
    bureau.sends(rows(range(1)))
    city.spent("account:first", {0: MOST})
    for person in city.persons(range(2)):
        for result in ("suspicion_excluded", "asymptomatic_over", "isolation_over", "cleared"):
            with city.house.acting_as(worker).transaction() as transaction:
                caller = Caller(worker, role, scope="*")
                outcome = clear(transaction, caller, CITY, person, result, NOON)
                assert outcome is Outcome.RECORDED
    assert city.turned() == 1
    assert bureau.sends(rows(range(1, 2))) == (0, 1)


# ---------------------------------------------------------------- who does not count


def test_whoever_shows_orange_or_red_already_does_not_count(city: City, quiet: Office) -> None:
    with city.house.transaction() as transaction:
        for person in city.persons(range(25)):
            declare(transaction, person, FEVERISH)
    assert quiet.sends(rows(range(25))) == (25, 0), "orange becomes red"
    assert quiet.sends(rows(range(25), started_at="2020-02-18T12:00")) == (25, 0), "red stays red"
    assert quiet.sends(rows(range(100, 121))) == (20, 1)
    assert quiet.sends(rows(range(100, 120), kind="arrival", result="abroad")) == (20, 0)


def test_a_window_that_is_over_does_not_count_and_one_that_is_not_does(
    city: City, quiet: Office
) -> None:
    assert quiet.sends(rows(range(25), started_at="2020-02-06T12:00")) == (25, 0)
    assert city.turned() == 0
    assert quiet.sends(rows(range(25), started_at="2020-02-07T12:00")) == (20, 5)
    assert city.turned() == 20


def test_a_person_counts_once_in_a_batch_and_waits_with_every_row_of_it(
    city: City, quiet: Office
) -> None:
    people = range(22)
    listed = [
        row
        for three in zip(
            rows(people, kind="test", result="negative"),
            rows(people),
            rows(people, kind="observation", result=""),
            strict=True,
        )
        for row in three
    ]
    assert quiet.sends(listed) == (60, 6)
    assert city.turned() == 20
    left = look(city.house, "SELECT count(*) FROM evidence.facts WHERE kind = 'test'")
    assert left[0][0] == 20 + len(HARMLESS)


def test_whoever_waits_holds_back_nobody_else(city: City, quiet: Office) -> None:
    fresh, harmless = rows(range(25)), rows(range(50, 60), kind="test", result="negative")
    early, late = rows(range(2), kind="test"), rows(range(23, 25), kind="test")
    assert quiet.sends([*fresh, *harmless, *early, *late]) == (20 + 10 + 2, 5 + 2)
    assert quiet.sends(rows(range(24, 26), kind="test", result="positive")) == (2, 0)


def test_a_row_that_waits_for_one_person_does_not_turn_another(city: City, bureau: Office) -> None:
    """A contact moves from one person to another, and the first one's clearance is taken back."""
    over = {"kind": "clearance", "result": "isolation_over", "started_at": "2020-02-20T08:00"}
    contacts, cleared = named(rows(range(3)), "r"), named(rows(range(3), **over), "c")
    assert bureau.sends([*contacts, *cleared]) == (6, 0)
    city.spent("account:first", {0: MOST})
    moved = [row | {"subject": document(100 + n)} for n, row in enumerate(contacts)]
    bureau.sends([*moved, *(row | {"action": "retract"} for row in cleared)])
    assert city.turned() == 0


def test_whoever_turns_tomorrow_anyway_does_not_count_again(city: City, bureau: Office) -> None:
    tomorrow = rows(range(3), kind="arrival", result="abroad", started_at="2020-02-21T20:00")
    assert bureau.sends(tomorrow) == (3, 0)
    city.spent("account:first", {0: MOST})
    assert bureau.sends(rows(range(3), kind="test", result="negative")) == (3, 0)


def test_people_beyond_the_first_thousand_of_a_batch_count_too(city: City, quiet: Office) -> None:
    crowd = rows(range(100, 100 + AT_ONCE), kind="test", result="negative")
    assert quiet.sends([*rows(range(10)), *crowd, *rows(range(10, 25))]) == (20 + AT_ONCE, 5)


def test_whoever_is_to_be_judged_by_a_job_does_not_count_again(city: City, quiet: Office) -> None:
    crowd = rows(range(100, 101 + AT_ONCE), kind="test", result="negative")
    assert quiet.sends([*rows(range(20)), *crowd]) == (21 + AT_ONCE, 0)
    assert city.turned() == 20, "a job judges the others later"
    assert quiet.sends(rows(range(20), kind="test", result="negative")) == (20, 0)


def test_a_colour_that_is_over_is_not_shown_even_before_the_clocks_job_ran(
    city: City, bureau: Office
) -> None:
    assert bureau.sends(rows(range(3), started_at="2020-02-07T12:00")) == (3, 0)
    later = bureau.at(NOON + DAY)
    with later.house.transaction() as transaction:
        assert judge(transaction, city.persons(range(1))[0]).standing.colour is Colour.GREY
    city.spent("account:first", {-1: MOST})
    assert later.sends(rows(range(3), started_at="2020-02-20T13:00")) == (0, 3)


# ---------------------------------------------------------------- known at no k


def test_what_waits_is_known_at_no_moment(city: City, bureau: Office) -> None:
    city.spent("account:first", {0: MOST - 1})
    shown, waiting = city.persons(range(2))
    assert bureau.sends(rows(range(2))) == (1, 1)
    later = NOON + DAY
    with bureau.at(later).house.transaction() as transaction:
        for known_at in (None, NOON, later, later + 9999 * DAY):
            judged = judge(transaction, waiting, at=later, known_at=known_at)
            assert (judged.standing.colour, judged.findings) == (Colour.GREY, ())
            colour = judge(transaction, shown, at=later, known_at=known_at).standing.colour
            assert colour is Colour.RED
        [counted] = count_colours(transaction).values()
        assert (counted[Colour.RED], counted[Colour.ORANGE]) == (1, 0)
    for table_ in ("evidence.facts", "rulebook.findings", "rulebook.standings"):
        found_ = look(city.house, f"SELECT 1 FROM {table_} WHERE person = :p", p=waiting)
        assert found_ == [], table_


def test_a_designation_that_waits_is_known_at_no_moment(city: City, bureau: Office) -> None:
    assert bureau.sends(rows(range(2), kind="stay", result="", area="420106")) == (2, 0)
    city.spent("account:first", {0: MOST - 1})
    assert bureau.designates(area="420106", started_at="2020-01-10") is Outcome.PROPOSED
    person = city.persons(range(1))[0]
    with bureau.at(NOON + DAY).house.transaction() as transaction:
        for known_at in (None, NOON, NOON + DAY, NOON + 9999 * DAY):
            assert judge(transaction, person, known_at=known_at).standing.colour is Colour.GREY
    assert look(city.house, "SELECT 1 FROM evidence.designations") == []
    city.spent("account:first", {0: MOST - 2})
    assert bureau.designates(area="420106", started_at="2020-01-10") is Outcome.RECORDED
    assert city.turned() == 2
