"""The thin reader: a rulebook's stored statements over the evidence, for some or for everybody."""

from __future__ import annotations

import sqlalchemy as sa

from healthcode.evidence import LEAVES

# The statements are long and their plans do not depend on who is asked about: planning one anew
# for each person takes thirty times as long as running it.
GENERIC_PLANS = sa.text("SET LOCAL plan_cache_mode = force_generic_plan")

# A table that was just filled has no statistics yet, and a generic plan expects ten persons:
# PostgreSQL would loop over the facts of a thousand for each of their facts.
NO_LOOPS = sa.text("SET LOCAL enable_nestloop = off")
LOOPS_AS_USUAL = sa.text("SET LOCAL enable_nestloop TO DEFAULT")

BINDING = sa.text("""
    SELECT rulebook, CAST(body AS text) AS body, findings_sql, standing_sql FROM rulebook.rulebooks
    WHERE binds_from <= :at ORDER BY binds_from DESC LIMIT 1
""")

FIRST = sa.text("""
    SELECT digest, compiler FROM rulebook.rulebooks WHERE binds_from = '-infinity'
""")

LOCK_RULEBOOKS = sa.text("LOCK TABLE rulebook.rulebooks IN SHARE ROW EXCLUSIVE MODE")

ALL = sa.text("SELECT rulebook, CAST(body AS text) AS body FROM rulebook.rulebooks")

DUE = sa.text("""
    SELECT person FROM rulebook.standings WHERE changes_at <= :at
    ORDER BY changes_at LIMIT :most
""")

ENSURE_STANDINGS = sa.text("""
    INSERT INTO rulebook.standings (person, colour, assessed_at, rulebook)
    SELECT person, 'grey', :at, :rulebook
    FROM unnest(CAST(:persons AS bigint[])) AS asked(person)
    ON CONFLICT (person) DO NOTHING
""")

# Whoever reassesses a person holds this row: the second then sees what the first recorded.
LOCK_STANDINGS = sa.text("""
    SELECT person, colour FROM rulebook.standings
    WHERE person = ANY(CAST(:persons AS bigint[])) ORDER BY person FOR UPDATE
""")

# A person without a standing has no findings: they are what the rulebook calls undeclared.
COLOURS_BY_RESIDENCE = sa.text("""
    SELECT p.residence, coalesce(s.colour, :undeclared) AS colour, count(*) AS people
    FROM people.persons p LEFT JOIN rulebook.standings s USING (person)
    GROUP BY 1, 2
""")

_FINDINGS_COLUMNS = """
    person, rule, fact, colour, opens AT TIME ZONE 'UTC' AS opens, until AT TIME ZONE 'UTC' AS until
"""


def findings_of_some(findings_sql: str) -> sa.TextClause:
    """Findings of `:persons` as known at `:known_at`."""
    return sa.text(
        f"WITH {LEAVES.of_some}, findings AS ({findings_sql}) "
        f"SELECT {_FINDINGS_COLUMNS} FROM findings ORDER BY person, rule, fact"
    )


def standing_of_some(findings_sql: str, standing_sql: str) -> sa.TextClause:
    """The standing of `:persons` at `:at` as known at `:known_at`, of those with findings."""
    return sa.text(
        f"WITH {LEAVES.of_some}, findings AS ({findings_sql}), standing AS ({standing_sql}) "
        "SELECT person, colour, changes_at AT TIME ZONE 'UTC' AS changes_at FROM standing"
    )


def standing_of_all(findings_sql: str, standing_sql: str) -> sa.TextClause:
    """The standing of everybody with findings, leaving facts of some `:kinds` out."""
    return sa.text(
        f"WITH {LEAVES.but_kinds}, findings AS ({findings_sql}), standing AS ({standing_sql}) "
        "SELECT person, colour, changes_at AT TIME ZONE 'UTC' AS changes_at FROM standing"
    )


def replace_findings(findings_sql: str) -> sa.TextClause:
    """Make the stored findings of `:persons` what they are now; only what changed is written."""
    return sa.text(f"""
        WITH {LEAVES.of_some}, fresh AS MATERIALIZED (
            SELECT {_FINDINGS_COLUMNS} FROM ({findings_sql}) AS found
        ), gone AS (
            DELETE FROM rulebook.findings old
            WHERE old.person = ANY(CAST(:persons AS bigint[])) AND NOT EXISTS (
                SELECT 1 FROM fresh
                WHERE (fresh.person, fresh.rule, fresh.fact) = (old.person, old.rule, old.fact))
        )
        INSERT INTO rulebook.findings AS old (person, rule, fact, colour, opens, until, rulebook)
        SELECT person, rule, fact, colour, opens, until, :rulebook FROM fresh
        ON CONFLICT (person, rule, fact) DO UPDATE SET
            colour = EXCLUDED.colour, opens = EXCLUDED.opens, until = EXCLUDED.until,
            rulebook = EXCLUDED.rulebook
        WHERE (old.colour, old.opens, old.until, old.rulebook) IS DISTINCT FROM
              (EXCLUDED.colour, EXCLUDED.opens, EXCLUDED.until, EXCLUDED.rulebook)
    """)


def replace_standings(standing_sql: str) -> sa.TextClause:
    """Make the stored standing of `:persons` what their stored findings give at `:at`."""
    return sa.text(f"""
        WITH findings AS MATERIALIZED (
            SELECT person, rule, fact, colour,
                   opens AT TIME ZONE 'UTC' AS opens, until AT TIME ZONE 'UTC' AS until
            FROM rulebook.findings WHERE person = ANY(CAST(:persons AS bigint[]))
        ), fresh AS (
            SELECT asked.person, coalesce(standing.colour, :undeclared) AS colour,
                   standing.changes_at AT TIME ZONE 'UTC' AS changes_at
            FROM unnest(CAST(:persons AS bigint[])) AS asked(person)
            LEFT JOIN ({standing_sql}) AS standing USING (person)
        )
        UPDATE rulebook.standings old
        SET colour = fresh.colour, changes_at = fresh.changes_at,
            assessed_at = :assessed_at, rulebook = :rulebook
        FROM fresh WHERE old.person = fresh.person
        RETURNING old.person, old.colour
    """)


def may_turn(findings_sql: str) -> sa.TextClause:
    """Who alone may turn orange or red by what this transaction has said of them.

    Whoever has an orange or red window by a fact just added, looked at by itself (other facts only
    end it earlier), and whoever had a fact taken back.
    """
    return sa.text(f"""
        WITH {LEAVES.just_added}, fresh AS ({findings_sql})
        SELECT person FROM fresh WHERE fresh.colour IN ('orange', 'red')
        UNION {LEAVES.just_taken_back}
    """)


# One weighing at a time for each account and source: a count is read, then raised.
LOCK_BUCKET = sa.text("SELECT pg_advisory_xact_lock(20200303, hashtext(:bucket))")

TURNED = sa.text("""
    SELECT bucket, day, people FROM rulebook.turned
    WHERE bucket = ANY(CAST(:buckets AS text[])) AND day <= :today
    ORDER BY day DESC LIMIT :most
""")

COUNT_TURNED = sa.text("""
    INSERT INTO rulebook.turned AS t (bucket, day, people) VALUES (:bucket, :today, :people)
    ON CONFLICT (bucket, day) DO UPDATE SET people = t.people + EXCLUDED.people
""")


def turning(findings_sql: str) -> sa.TextClause:
    """Which of `:persons` what is new would turn orange or red, at `:at` or later; not who is now.

    Stored findings say what was before: those that were to come have been counted already.
    """
    return sa.text(f"""
        WITH {LEAVES.of_some}, fresh AS ({findings_sql}), stored AS MATERIALIZED (
            SELECT person, rule, fact, opens <= CAST(:assessed_at AS timestamptz) AS active
            FROM rulebook.findings
            WHERE person = ANY(CAST(:persons AS bigint[])) AND colour IN ('orange', 'red')
              AND (until IS NULL OR until > CAST(:assessed_at AS timestamptz))
        )
        SELECT DISTINCT person FROM fresh
        WHERE fresh.colour IN ('orange', 'red') AND (fresh.until IS NULL OR fresh.until > :at)
          AND NOT EXISTS (SELECT 1 FROM stored WHERE active AND stored.person = fresh.person)
          AND NOT EXISTS (
              SELECT 1 FROM stored
              WHERE (stored.person, stored.rule, stored.fact)
                  = (fresh.person, fresh.rule, fresh.fact))
    """)
