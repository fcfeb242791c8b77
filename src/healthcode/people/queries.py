"""Every SELECT about people."""

from __future__ import annotations

import sqlalchemy as sa

PERSONS_OF_DOCUMENTS = sa.text("""
    SELECT d.number_hash, d.person
    FROM unnest(CAST(:kinds AS text[]), CAST(:hashes AS bytea[])) AS asked(kind, number_hash)
    JOIN people.documents d USING (kind, number_hash)
""")

PERSONS_OF_KEYS = sa.text("""
    SELECT key_hash, person FROM people.keys
    WHERE client = :client AND key_hash = ANY(CAST(:hashes AS bytea[]))
""")

RESIDENCES = sa.text("""
    SELECT person, residence FROM people.persons WHERE person = ANY(CAST(:persons AS bigint[]))
""")

# An identity card before any other kind.
PAPERS = sa.text("""
    SELECT p.name_sealed, d.kind, d.number_sealed
    FROM people.persons p JOIN people.documents d USING (person)
    WHERE p.person = :person AND p.name_sealed IS NOT NULL
    ORDER BY d.kind, d.number_hash LIMIT 1
""")

NEW_PERSON_IDS = sa.text("""
    SELECT nextval(pg_get_serial_sequence('people.persons', 'person'))
    FROM generate_series(1, :count)
""")

# Both keep the order they are given: two transactions then never wait in a circle.
CLAIM_DOCUMENTS = sa.text("""
    INSERT INTO people.documents (kind, number_hash, number_sealed, person)
    SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:hashes AS bytea[]),
                         CAST(:sealed AS bytea[]), CAST(:persons AS bigint[]))
    ON CONFLICT DO NOTHING RETURNING person
""")

CLAIM_KEYS = sa.text("""
    INSERT INTO people.keys (client, key_hash, person)
    SELECT :client, * FROM unnest(CAST(:hashes AS bytea[]), CAST(:persons AS bigint[]))
    ON CONFLICT DO NOTHING RETURNING person
""")

STATE = sa.text("""
    UPDATE people.persons SET
        sex = coalesce(:sex, sex), age = coalesce(:age, age),
        residence = coalesce(:residence, residence),
        name_sealed = CASE WHEN :checked OR NOT name_checked
            THEN coalesce(:name_sealed, name_sealed) ELSE name_sealed END,
        name_checked = name_checked OR :checked, stated_at = :now
    WHERE person = :who
""")
