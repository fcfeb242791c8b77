"""The thin reader: a rulebook's stored statements over the evidence, for some or for everybody."""

from __future__ import annotations

from functools import lru_cache

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

# What has begun binds for whoever writes, whatever their clock says.
_IN_FORCE = """
    FROM rulebook.rulebooks LEFT JOIN rulebook.publications USING (rulebook)
    WHERE binds_from <= :at OR started_at IS NOT NULL ORDER BY binds_from DESC LIMIT 1
"""

IN_FORCE = sa.text(f"""
    SELECT rulebook, CAST(body AS text) AS body, findings_sql, standing_sql {_IN_FORCE}
""")

# Whoever writes standings holds the rulebook in force until the commit; a change to another one
# begins when nobody does, so that no standing of an older one can come after it.
HOLD_RULEBOOK = sa.text("SELECT pg_advisory_xact_lock_shared(20200305)")
TURN_TO_RULEBOOK = sa.text("SELECT pg_advisory_xact_lock(20200305)")

# Without a standing a person has no findings: then it matters only where that means green.
LEFT_BEHIND = sa.text(f"""
    SELECT 1 FROM (SELECT rulebook {_IN_FORCE}) AS bound JOIN rulebook.rulebooks r USING (rulebook)
    LEFT JOIN rulebook.standings s ON s.person = :person
    WHERE s.rulebook <> r.rulebook OR (s.person IS NULL AND r.body ->> 'undeclared' <> 'grey')
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


@lru_cache(maxsize=16)  # reading so long a text for its parameters takes longer than the answer
def findings_of_some(findings_sql: str, leaf: str = LEAVES.of_some) -> sa.TextClause:
    """Findings of `:persons` as known at `:known_at`."""
    return sa.text(
        f"WITH {leaf}, findings AS ({findings_sql}) "
        f"SELECT {_FINDINGS_COLUMNS} FROM findings ORDER BY person, rule, fact"
    )


@lru_cache(maxsize=16)
def standing_of_some(
    findings_sql: str, standing_sql: str, leaf: str = LEAVES.of_some
) -> sa.TextClause:
    """The standing of `:persons` at `:at` as known at `:known_at`, of those with findings."""
    return sa.text(
        f"WITH {leaf}, findings AS ({findings_sql}), standing AS ({standing_sql}) "
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
        INSERT INTO rulebook.findings AS old (person, rule, fact, colour, opens, until)
        SELECT person, rule, fact, colour, opens, until FROM fresh
        ON CONFLICT (person, rule, fact) DO UPDATE SET
            colour = EXCLUDED.colour, opens = EXCLUDED.opens, until = EXCLUDED.until
        WHERE (old.colour, old.opens, old.until) IS DISTINCT FROM
              (EXCLUDED.colour, EXCLUDED.opens, EXCLUDED.until)
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


# A snapshot: one moment, read by other connections as well.
ONE_MOMENT = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
EXPORT_MOMENT = sa.text("SELECT pg_export_snapshot()")


def same_moment(moment: str) -> tuple[str, ...]:
    """What another connection says first to read the moment that was exported."""
    return (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        f"SET TRANSACTION SNAPSHOT '{moment}'",
        "SET LOCAL TIME ZONE 'UTC'",
    )


EVERYBODY = "SELECT person, residence FROM people.persons ORDER BY person"
_EVERYTHING = LEAVES.but_kinds.replace(":kinds", "'{}'")
FACT_LEAVES = f"""
    WITH {_EVERYTHING}
    SELECT fact, person, kind, result, CAST(number AS text) AS number, area, place, source,
           source_class, started, ended, states_end, recorded, retracted
    FROM facts
"""
DESIGNATION_LEAVES = f"WITH {_EVERYTHING} SELECT * FROM designations"
STANDINGS_STORED = """
    SELECT person, colour, changes_at AT TIME ZONE 'UTC' AS changes_at, rulebook
    FROM rulebook.standings
"""

LAST_COMPARISON = sa.text("""
    SELECT compared_at, people, left_out, differing FROM rulebook.comparisons
    ORDER BY comparison DESC LIMIT 1
""")

# For a progress bar: what the last ANALYZE counted.
ABOUT_HOW_MANY_FACTS = sa.text("""
    SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = CAST('evidence.facts' AS regclass)
""")

SNAPSHOTS_TO_FORGET = sa.text("""
    SELECT snapshot, folder, taken_at FROM rulebook.snapshots
    WHERE host = :host AND name IS NULL AND deleted_at IS NULL AND taken_at <= :before
    FOR UPDATE SKIP LOCKED
""")
FORGET_SNAPSHOT = sa.text("""
    UPDATE rulebook.snapshots SET deleted_at = :now WHERE snapshot = :snapshot
""")


# ---------------------------------------------------------------- publishing

TAKEN = sa.text("""
    SELECT EXISTS (SELECT FROM rulebook.rulebooks WHERE (name, version) = (:name, :version))
        OR EXISTS (
            SELECT FROM rulebook.drafts
            WHERE (name, version) = (:name, :version) AND approved IS DISTINCT FROM false)
""")

_DRAFT = """
    SELECT draft, CAST(body AS text) AS body, proposed_by, approved, rulebook
    FROM rulebook.drafts WHERE draft = :draft
"""
DRAFT = sa.text(_DRAFT)
LOCK_DRAFT = sa.text(f"{_DRAFT} FOR UPDATE")

LISTED = sa.text("""
    SELECT d.draft, coalesce(d.name, r.name) AS name, coalesce(d.version, r.version) AS version,
           encode(coalesce(d.digest, r.digest), 'hex') AS digest,
           d.proposed_by, d.proposed_at, d.decided_by, d.decided_at, d.approved, p.published_by,
           r.rulebook, nullif(r.binds_from, '-infinity') AS binds_from, p.total, p.done,
           p.rulebook IS NOT NULL AND p.finished_at IS NULL AS unfinished
    FROM rulebook.drafts d FULL JOIN rulebook.rulebooks r USING (rulebook)
    LEFT JOIN rulebook.publications p ON p.rulebook = r.rulebook
    ORDER BY d.draft NULLS FIRST, r.rulebook
""")

# A rulebook that would bind before one whose change has begun would never be in force.
MOMENT_TAKEN = sa.text("""
    SELECT EXISTS (
        SELECT FROM rulebook.rulebooks LEFT JOIN rulebook.publications USING (rulebook)
        WHERE binds_from = :moment OR (started_at IS NOT NULL AND binds_from > :moment))
""")

PUBLICATION = sa.text("""
    SELECT rulebook, name, version, binds_from, started_at, finished_at, total, done
    FROM rulebook.publications JOIN rulebook.rulebooks USING (rulebook)
    WHERE rulebook = :rulebook
""")

UNFINISHED = sa.text("""
    SELECT rulebook FROM rulebook.publications JOIN rulebook.rulebooks USING (rulebook)
    WHERE finished_at IS NULL AND (binds_from <= :at OR started_at IS NOT NULL)
    ORDER BY binds_from DESC LIMIT 1
""")

# Whoever holds the row works; nobody waits for it.
TAKE_PUBLICATION = sa.text("""
    SELECT rulebook, started_at, total, "cursor" FROM rulebook.publications
    WHERE rulebook = :rulebook AND finished_at IS NULL FOR UPDATE SKIP LOCKED
""")

END_OLDER = sa.text("""
    UPDATE rulebook.publications older SET finished_at = :at
    FROM rulebook.rulebooks o, rulebook.rulebooks newer
    WHERE older.rulebook = o.rulebook AND newer.rulebook = :rulebook
      AND o.binds_from < newer.binds_from AND older.finished_at IS NULL
""")

COUNT_BEHIND = sa.text("""
    UPDATE rulebook.publications SET total = (
        SELECT count(*) FROM rulebook.standings WHERE rulebook <> :rulebook)
    WHERE rulebook = :rulebook
""")

NEXT_BEHIND = sa.text("""
    SELECT person FROM rulebook.standings WHERE person > :cursor AND rulebook <> :rulebook
    ORDER BY person LIMIT :most
""")

GONE_THROUGH = sa.text("""
    UPDATE rulebook.publications SET done = done + :more, "cursor" = :cursor
    WHERE rulebook = :rulebook
""")

# Whoever is not among those gone through had followed before their turn came.
FINISHED = sa.text("""
    UPDATE rulebook.publications SET done = total, finished_at = :at WHERE rulebook = :rulebook
""")
