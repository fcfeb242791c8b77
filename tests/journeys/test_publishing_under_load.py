"""A rulebook is published while people ask for their colour, and its process is killed midway."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bench.citizens import sign_everybody_in
from bench.offering import Plan, offering
from bench.publishing import (
    Processes,
    free_port,
    kill_in_the_middle,
    publish_command,
    wait_until_it_answers,
)
from healthcode.access.terms import CONSENT
from healthcode.app.settings import Settings
from healthcode.app.wiring import open_house
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.rulebook.actions import AT_ONCE, reassess
from healthcode.rulebook.everybody.consistency import compare
from tests.evidence.feeding import look

PEOPLE = 3000
ASKING = 20
RATE = 20.0  # requests a second

# Everybody declared within the last 13 days, and every seventh has coughed since.
CITY = (
    "INSERT INTO people.persons SELECT FROM generate_series(1, :people)",
    "INSERT INTO evidence.recordings (client) VALUES ('city')",
    """
    INSERT INTO evidence.facts (person, kind, result, started_at, source, source_class, recording)
    SELECT person, kind, '', now() - (person % 13 + 1) * interval '1 day', 'self', 'self', recording
    FROM people.persons, evidence.recordings,
         (VALUES ('declaration', 1), ('symptom', 7)) AS said(kind, one_in)
    WHERE person % one_in = 0
    """,
)
VERSIONS = """
    SELECT r.version, count(*) FROM rulebook.standings s JOIN rulebook.rulebooks r USING (rulebook)
    GROUP BY 1
"""
LAST_OF_HALF = "SELECT person FROM people.persons ORDER BY person OFFSET :half LIMIT 1"
HOLD = sa.text("SELECT FROM rulebook.standings WHERE person = :person FOR UPDATE")


@pytest.fixture
def settings(server: str, masters: str, tmp_path: Path) -> Iterator[Settings]:
    name = f"load_{secrets.token_hex(6)}"
    url = ensure_database(server, name)
    listen = f"127.0.0.1:{free_port()}"
    yield Settings.model_validate(
        {"database_url": url, "master_keys": masters, "data_dir": tmp_path, "listen": listen}
    )
    drop_database(server, name)


@pytest.fixture
def city(settings: Settings) -> Iterator[Database]:
    """A city in which everybody has a standing."""
    with open_house(settings) as made:
        with made.transaction() as transaction:
            for statement in CITY:
                transaction.run(sa.text(statement), {"people": PEOPLE})
        people = persons(made)
        for first in range(0, PEOPLE, AT_ONCE):
            with made.transaction() as transaction:
                reassess(transaction, people[first : first + AT_ONCE])
        yield made


def persons(city: Database) -> list[int]:
    return [person for (person,) in look(city, "SELECT person FROM people.persons ORDER BY 1")]


def environment(settings: Settings, publisher: str) -> dict[str, str]:
    assert settings.database_url is not None
    assert settings.master_keys is not None
    return {
        "HEALTHCODE_DATABASE_URL": settings.database_url.get_secret_value(),
        "HEALTHCODE_MASTER_KEYS": settings.master_keys.get_secret_value(),
        "HEALTHCODE_DATA_DIR": str(settings.data_dir),
        "HEALTHCODE_LISTEN": settings.listen,
        "HEALTHCODE_SESSION": publisher,
    }


def test_whoever_asks_while_a_rulebook_is_published_and_killed_is_answered(
    settings: Settings, city: Database
) -> None:
    signed = sign_everybody_in(city, persons(city)[:ASKING])
    port = int(settings.listen.rpartition(":")[2])
    plan = Plan(port, RATE, signed.citizens, signed.gates, CONSENT.version, codes=False)
    [(held,)] = look(city, LAST_OF_HALF, half=PEOPLE // 2)
    with Processes(environment(settings, signed.publisher)) as processes:
        processes.start("serve")
        wait_until_it_answers(port)
        with offering(plan) as offered:
            with city.engine.connect() as holder:  # so that it is surely in the middle
                holder.execute(HOLD, {"person": held})
                done = kill_in_the_middle(processes, city, signed.draft)
            versions = dict(look(city, VERSIONS))
            assert versions.keys() == {"1", "2"}
            assert versions["2"] >= done > 0
            assert processes.start(*publish_command(signed.draft)).wait() == 0
            outcomes = offered.end()
    assert [each for each in outcomes if each.failed] == []
    assert {each.kind for each in outcomes} == {"standing", "declare"}
    assert dict(look(city, VERSIONS)) == {"2": PEOPLE}
    with city.transaction() as transaction:
        compared = compare(transaction)
    assert (compared.people, compared.left_out, compared.differing) == (PEOPLE, 0, 0)
