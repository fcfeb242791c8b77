"""The signer signs what the standing says, once, and can do nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import cbor2
import psycopg
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from healthcode.app.signer import sign_waiting
from healthcode.codes import Outcome
from healthcode.codes.actions import LIFE, LIST_MAX, Credential, credential, request
from healthcode.codes.credential import from_text
from healthcode.codes.signing import BadSigningKey, SigningKey, demo_key, sign_next, trust
from healthcode.codes.tables import SIGNER
from healthcode.codes.terms import Reference, Shown, Status
from healthcode.codes.verify import verify
from healthcode.evidence.declarations import Declaration, Symptom, declare
from healthcode.evidence.feeds.deciding import Desk, Registration
from healthcode.evidence.feeds.recording import say
from healthcode.kit.clock import SetClock, local_midnight
from healthcode.kit.db import Database, Transaction, engine_for, metadata
from healthcode.people import ensure, identify
from healthcode.rulebook.actions import reassess_due
from tests.codes.making import HOUR, KEY, OTHER_KEY, SECOND, issuer, key_id, trusting
from tests.conftest import NOON
from tests.evidence.feeding import CITY, RolledBack, document, look

SHOWN = Shown("王*明", "10", "123X")
DAY = timedelta(days=1)
OURS = SigningKey("Tianjin", KEY)
WELL = Declaration("120101")
FEVER = replace(WELL, symptoms=((Symptom.FEVER, NOON.date()),))
LAPSE = local_midnight(NOON, 14)  # of what is declared at noon
AUTHORITY = Desk(
    {"city": Registration("city", "authority", frozenset({"*"}), ("*",))}, CITY, replay=False
)


@pytest.fixture
def house(shared_database: Database, transaction: Transaction) -> Database:
    """The shared database at noon, with an issuer; the test's commits are rolled back."""
    made = RolledBack.of(shared_database, transaction)
    with made.transaction() as inside:
        trust(inside, OURS)
    return made


@pytest.fixture
def open_house(at: Callable[[datetime], Database]) -> Database:
    """The same in a database of its own, for those who come by another connection."""
    made = at(NOON)
    with made.transaction() as inside:
        trust(inside, OURS)
    return made


@pytest.fixture
def signer(open_house: Database) -> Iterator[sa.Engine]:
    """The signer's own way into that database."""
    address = open_house.engine.url.set(username=SIGNER)
    engine = engine_for(address.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def it_is(house: Database, moment: datetime) -> None:
    assert isinstance(house.clock, SetClock)
    house.clock.stated = moment


def citizen(house: Database, said: Declaration = WELL, number: int = 1) -> int:
    """Somebody who declared."""
    with house.transaction() as transaction:
        subject = identify(transaction.keys, "test", document(number), NOON.date())
        person = ensure(transaction, "test", [subject])[subject]
        declare(transaction, person, said)
        return person


def asks(house: Database, person: int) -> str:
    with house.transaction() as transaction:
        return request(transaction, person, "citizen.1", SHOWN)


def signs(house: Database, key: SigningKey = OURS) -> bool:
    with house.transaction() as transaction:
        return sign_next(transaction.connection, house.clock, key)


def fetches(house: Database, person: int, public_id: str) -> Credential:
    with house.transaction() as transaction:
        found = credential(transaction, person, public_id)
        assert found is not None
        return found


def signed(house: Database, person: int) -> Credential:
    """A code asked for and signed at this moment."""
    public_id = asks(house, person)
    assert signs(house)
    return fetches(house, person, public_id)


def found_close_contact(house: Database, person: int) -> None:
    row = {"kind": "contact", "result": "close", "source": "city", "started_at": "2020-02-19"}
    with house.transaction() as transaction:
        say(transaction, "city", AUTHORITY, person, [row])


def results(house: Database) -> list[sa.Row[tuple[object, ...]]]:
    return look(house, "SELECT * FROM codes.results ORDER BY intent")


# --------------------------------------------------------------------------------- what it signs


@pytest.mark.parametrize("colour", ["green", "orange", "red"])
def test_what_is_signed_is_what_stands_written(house: Database, colour: str) -> None:
    person = citizen(house, FEVER if colour == "orange" else WELL)
    if colour == "red":
        found_close_contact(house, person)
    it_is(house, NOON + timedelta(seconds=9.75))
    text = signed(house, person).text
    assert text is not None
    asked: list[Reference] = []
    reading = verify(
        text,
        issuers=trusting(issuer(KEY)),
        now=house.clock.now(),
        status=lambda slot: asked.append(slot) or Status.VALID,
    )
    assert reading.outcome is Outcome.GREEN  # what the slot says, whatever the colour at issue
    assert (reading.shown, reading.issued_at) == (SHOWN, NOON + 9 * SECOND)
    assert reading.expires_at == NOON + 9 * SECOND + 72 * HOUR
    [slot] = look(house, 'SELECT list, "index" AS slot, value FROM codes.slots')
    assert asked == [Reference(slot.list, slot.slot)]
    assert slot.value == {"green": 0, "orange": 2, "red": 3}[colour]


def test_another_reader_of_cose_finds_the_same(house: Database) -> None:
    person = citizen(house, FEVER)
    text = signed(house, person).text
    assert text is not None
    shell = cbor2.loads(from_text(text))
    assert shell.tag == 18
    protected, unprotected, payload, signature = shell.value
    assert cbor2.loads(protected) == {1: -7, 4: key_id(KEY)}
    assert unprotected == {}
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    KEY.public_key().verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    [slot] = look(house, 'SELECT list, "index" AS slot FROM codes.slots')
    noon = int(NOON.timestamp())
    assert cbor2.loads(payload) == {
        4: noon + 72 * 3600,
        6: noon,
        65535: {"status_list": {"idx": slot.slot, "uri": f"l/{slot.list}"}},
        -65537: [2, "王*明", "10", "123X"],
    }


@pytest.mark.parametrize(
    ("said", "before_lapse", "lasts"),
    [
        (WELL, 14 * DAY - 12 * HOUR, 72 * HOUR),
        (WELL, 72 * HOUR, 72 * HOUR),
        (WELL, 72 * HOUR - SECOND, 72 * HOUR - SECOND),
        (WELL, HOUR, HOUR),
        (WELL, SECOND, SECOND),
        (FEVER, HOUR, 72 * HOUR),
        (FEVER, SECOND, 72 * HOUR),
    ],
    ids=["noon", "72 h", "71:59:59 h", "1 h", "1 s", "orange, 1 h", "orange, 1 s"],
)
def test_a_code_lasts_72_hours_and_on_green_never_past_the_declaration(
    house: Database, said: Declaration, before_lapse: timedelta, lasts: timedelta
) -> None:
    person = citizen(house, said)
    it_is(house, LAPSE - before_lapse)
    assert signed(house, person).expires_at == LAPSE - before_lapse + lasts


def test_red_lasts_its_72_hours_though_the_declaration_ends_sooner(house: Database) -> None:
    person = citizen(house)
    it_is(house, LAPSE - DAY)
    row = {"kind": "contact", "result": "close", "source": "city", "started_at": "2020-03-03"}
    with house.transaction() as transaction:
        say(transaction, "city", AUTHORITY, person, [row])
    assert signed(house, person).expires_at == LAPSE + 2 * DAY


def test_of_two_declarations_the_later_end_counts(house: Database) -> None:
    person = citizen(house)
    it_is(house, LAPSE - HOUR)
    with house.transaction() as transaction:
        declare(transaction, person, WELL)
    assert signed(house, person).expires_at == LAPSE - HOUR + 72 * HOUR


def test_a_code_that_waited_for_the_signer_still_ends_before_its_slot_is_free(
    house: Database,
) -> None:
    """Twelve hours before: so old may a gate's list be, and by then the slot may be another's."""
    person = citizen(house)
    public_id = asks(house, person)
    it_is(house, NOON + 20 * HOUR)
    assert signs(house)
    expires_at = fetches(house, person, public_id).expires_at
    assert expires_at is not None
    [slot] = look(house, "SELECT free_at FROM codes.slots")
    assert slot.free_at == NOON + LIFE + LIST_MAX
    assert expires_at <= slot.free_at - LIST_MAX


# -------------------------------------------------------------------------------- what it refuses


def test_whoever_turned_grey_meanwhile_is_refused_in_one_word(house: Database) -> None:
    person = citizen(house)
    it_is(house, LAPSE - HOUR)
    public_id = asks(house, person)
    it_is(house, LAPSE)
    with house.transaction() as transaction:
        reassess_due(transaction)
    assert signs(house)
    assert fetches(house, person, public_id) == Credential(None, None, "grey")
    assert signs(house) is False, "a refused request is done with"


@pytest.mark.parametrize("late", [timedelta(0), SECOND, HOUR], ids=str)
def test_a_declaration_that_ran_out_is_not_signed_for_though_the_clocks_job_is_late(
    house: Database, late: timedelta
) -> None:
    person = citizen(house)
    it_is(house, LAPSE - SECOND)
    public_id = asks(house, person)
    it_is(house, LAPSE + late)
    assert signs(house)
    assert fetches(house, person, public_id).text is None


def test_a_slot_that_says_another_colour_is_never_signed_over(house: Database) -> None:
    person = citizen(house)
    public_id = asks(house, person)
    with house.transaction() as transaction:
        transaction.run(sa.text("UPDATE codes.slots SET value = 1"))  # as a revocation does
    assert signs(house)
    assert fetches(house, person, public_id).refused == "unsettled"


def test_a_colour_that_changes_while_the_code_waits_is_signed_as_it_is_then(
    house: Database,
) -> None:
    person = citizen(house)
    public_id = asks(house, person)
    found_close_contact(house, person)
    assert signs(house)
    text = fetches(house, person, public_id).text
    assert text is not None
    claims = cbor2.loads(cbor2.loads(from_text(text)).value[2])
    assert claims[-65537][0] == Status.RED


def test_a_request_that_cannot_be_signed_does_not_stop_the_others(house: Database) -> None:
    """Web writes the requests; whatever it writes, the next person gets their code."""
    person = citizen(house)
    with house.transaction() as transaction:
        request(transaction, person, "citizen.1", Shown("王*明", "10", "?"))
    public_id = asks(house, person)
    assert signs(house)
    assert signs(house)
    assert fetches(house, person, public_id).text is not None
    assert signs(house) is False


def test_a_slot_of_somebody_elses_is_not_signed_for(house: Database) -> None:
    """Its colour would be the other person's."""
    person, other = citizen(house), citizen(house, number=2)
    public_id = asks(house, person)
    with house.transaction() as transaction:
        transaction.run(sa.text("UPDATE codes.slots SET person = :other"), {"other": other})
    signs(house)
    assert fetches(house, person, public_id).text is None


# -------------------------------------------------------------------------------------- once


def test_requests_are_signed_once_each_and_the_oldest_first(house: Database) -> None:
    person = citizen(house)
    ids = [asks(house, person) for _ in range(3)]
    for number in range(3):
        assert signs(house)
        states = [fetches(house, person, each).waiting for each in ids]
        assert states == [False] * (number + 1) + [True] * (2 - number)
    assert signs(house) is False
    assert len(results(house)) == 3


def test_two_signers_at_once_sign_every_request_once(open_house: Database) -> None:
    person = citizen(open_house)
    for _ in range(30):
        asks(open_house, person)
    barrier = Barrier(2)

    def run() -> int:
        barrier.wait(10)
        return sign_waiting(open_house.engine, OURS, open_house.clock)

    with ThreadPoolExecutor(2) as pool:
        signed_by = [each.result(30) for each in [pool.submit(run) for _ in range(2)]]
    assert sum(signed_by) == 30
    found = results(open_house)
    assert len({bytes(row.credential) for row in found}) == len(found) == 30


def test_a_signer_that_dies_before_its_commit_leaves_the_request_to_the_next(
    open_house: Database,
) -> None:
    class Killed(Exception):
        pass

    person = citizen(open_house)
    public_id = asks(open_house, person)
    with pytest.raises(Killed), open_house.engine.begin() as connection:
        assert sign_next(connection, open_house.clock, OURS)
        raise Killed
    assert fetches(open_house, person, public_id).waiting
    it_is(open_house, NOON + HOUR)
    assert sign_waiting(open_house.engine, OURS, open_house.clock) == 1
    assert fetches(open_house, person, public_id).expires_at is not None
    [row] = results(open_house)
    assert row.signed_at == NOON + HOUR


# ---------------------------------------------------------------------------- what it may do


def test_the_signers_own_role_can_sign_and_touch_nothing_else(
    open_house: Database, signer: sa.Engine
) -> None:
    person = citizen(open_house)
    ids = [asks(open_house, person) for _ in range(2)]
    assert sign_waiting(signer, OURS, open_house.clock) == 2
    assert all(fetches(open_house, person, each).text for each in ids)
    with signer.connect() as connection:
        assert connection.execute(sa.text("SELECT current_user")).scalar() == SIGNER
    forbidden = [
        *(f"SELECT * FROM {name}" for name in (
            "people.persons", "people.documents", "people.keys", "access.accounts",
            "access.sessions", "evidence.facts", "evidence.proposed_rows", "kit.data_keys",
            "rulebook.turned", "rulebook.rulebooks", "places.registered", "procrastinate_jobs",
        )),
        "INSERT INTO codes.issuers VALUES ('abcd', 'me', 'key', now())",
        "INSERT INTO codes.slots VALUES (0, 0, 1, 0, now())",
        "UPDATE codes.slots SET value = 0",
        "UPDATE codes.intents SET person = 1",
        "DELETE FROM codes.intents",
        "UPDATE rulebook.standings SET colour = 'green'",
        "DELETE FROM rulebook.findings",
        "UPDATE codes.results SET refused = 'no', credential = NULL, expires_at = NULL",
        "DELETE FROM codes.results",
        "TRUNCATE codes.results",
        "SELECT * FROM codes.intents FOR UPDATE",
        "LOCK TABLE codes.slots IN ACCESS EXCLUSIVE MODE",
        "CREATE TABLE codes.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "SET ROLE postgres",
        "COPY codes.results TO PROGRAM 'cat'",
    ]  # fmt: skip
    for statement in forbidden:
        with pytest.raises(sa.exc.DBAPIError) as refused, signer.begin() as connection:
            connection.execute(sa.text(statement))
        assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege), statement
    assert len(results(open_house)) == 2


def test_the_signers_role_has_exactly_the_rights_it_needs(transaction: Transaction) -> None:
    """Asked of PostgreSQL itself, for every table there is and every way to the right."""
    query = sa.text("""
        SELECT n.nspname || '.' || c.relname || ' ' || p.what AS may
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p(what)
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND has_any_column_privilege(:signer, c.oid, p.what)
        UNION ALL
        SELECT n.nspname || '.' || c.relname || ' ' || p.what
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
             unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS p(what)
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND has_table_privilege(:signer, c.oid, p.what)
        UNION ALL
        SELECT n.nspname || ' CREATE' FROM pg_namespace n
        WHERE has_schema_privilege(:signer, n.oid, 'CREATE')
        UNION ALL
        SELECT s.schemaname || '.' || s.sequencename || ' USAGE' FROM pg_sequences s
        WHERE has_sequence_privilege(
            :signer, format('%I.%I', s.schemaname, s.sequencename), 'USAGE, SELECT, UPDATE')
        ORDER BY 1
    """)
    found = list(transaction.run(query, {"signer": SIGNER}).scalars())
    assert found == [
        "codes.intents SELECT",
        "codes.issuers SELECT",
        "codes.results INSERT",
        "codes.results SELECT",
        "codes.slots SELECT",
        "codes.waiting DELETE",
        "codes.waiting SELECT",
        "rulebook.findings SELECT",
        "rulebook.standings SELECT",
    ]
    schemas = sorted({table.schema for table in metadata.tables.values() if table.schema})
    usable = sa.text("SELECT s FROM unnest(CAST(:all AS text[])) s"
                     " WHERE has_schema_privilege(:signer, s, 'USAGE') ORDER BY 1")  # fmt: skip
    asked = {"all": schemas, "signer": SIGNER}
    assert list(transaction.run(usable, asked).scalars()) == ["codes", "rulebook"]
    role = transaction.run(
        sa.text("""
            SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
                   EXISTS (SELECT 1 FROM pg_auth_members WHERE member = r.oid) AS member
            FROM pg_roles r WHERE rolname = :signer
        """),
        {"signer": SIGNER},
    ).one()
    assert not any(role)


# --------------------------------------------------------------------------------------- its key


def test_two_processes_that_make_the_demos_key_at_once_have_one_key(tmp_path: Path) -> None:
    path, barrier = tmp_path / "signing.key", Barrier(4)

    def make(_: int) -> bytes:
        barrier.wait(10)
        return demo_key(path, "12").kid

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(make, range(4)))) == 1
    assert demo_key(path, "12").name == "demo:12"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_file_that_is_no_key_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.key"
    path.write_text(text)
    with pytest.raises(BadSigningKey) as refused:
        demo_key(path, "12")
    assert str(path) in refused.value.say("en")
    assert path.read_text() == text


def test_a_key_is_made_known_once_under_its_first_name(house: Database) -> None:
    for name, key in (("Tianjin", KEY), ("renamed", KEY), ("next", OTHER_KEY)):
        with house.transaction() as transaction:
            trust(transaction, SigningKey(name, key))
    names = look(house, "SELECT name FROM codes.issuers ORDER BY name")
    assert [row.name for row in names] == ["Tianjin", "next"]
