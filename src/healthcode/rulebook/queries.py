"""The thin reader: a rulebook's stored statements over the evidence, for some or for everybody."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa

from healthcode.evidence import LEAVES

# The statements are long and their plans do not depend on who is asked about: planning one anew
# for each person takes thirty times as long as running it.
GENERIC_PLANS = sa.text("SET LOCAL plan_cache_mode = force_generic_plan")

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
KEY_IN_FORCE = sa.text(f"SELECT rulebook {_IN_FORCE}")

# Whoever writes standings holds the rulebook in force until the commit; a change to another one
# begins when nobody does, so that no standing of an older one can come after it.
HOLD_RULEBOOK = sa.text("SELECT pg_advisory_xact_lock_shared(20200306)")
TURN_TO_RULEBOOK = sa.text("SELECT pg_advisory_xact_lock(20200306)")

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

# A person without a standing has no findings: they are what the rulebook calls undeclared.
COLOURS_BY_RESIDENCE = sa.text("""
    SELECT p.residence, coalesce(s.colour, :undeclared) AS colour, count(*) AS people
    FROM people.persons p LEFT JOIN rulebook.standings s USING (person)
    GROUP BY 1, 2
""")

FINDINGS_COLUMNS = """
    person, rule, fact, colour, opens AT TIME ZONE 'UTC' AS opens, until AT TIME ZONE 'UTC' AS until
"""


@lru_cache(maxsize=16)  # reading so long a text for its parameters takes longer than the answer
def findings_of_some(findings_sql: str, leaf: str = LEAVES.of_some) -> sa.TextClause:
    """Findings of `:persons` as known at `:known_at`."""
    return sa.text(
        f"WITH {leaf}, findings AS ({findings_sql}) "
        f"SELECT {FINDINGS_COLUMNS} FROM findings ORDER BY person, rule, fact"
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


# One weighing at a time for each account and source: a count is read, then raised. The buckets
# are sorted, and locked as they come: two who weigh never wait in a circle.
LOCK_BUCKETS = sa.text("""
    SELECT count(pg_advisory_xact_lock(20200303, hashtext(bucket)))
    FROM unnest(CAST(:buckets AS text[])) AS bucket
""")

TURNED = sa.text("""
    SELECT bucket, day, people
    FROM unnest(CAST(:buckets AS text[])) AS bucket, LATERAL (
        SELECT day, people FROM rulebook.turned t
        WHERE t.bucket = bucket.bucket AND day <= :today ORDER BY day DESC LIMIT :most
    ) AS days
    ORDER BY day DESC
""")

COUNT_TURNED = sa.text("""
    INSERT INTO rulebook.turned AS t (bucket, day, people) VALUES (:bucket, :today, :people)
    ON CONFLICT (bucket, day) DO UPDATE SET people = t.people + EXCLUDED.people
""")


LAST_COMPARISON = sa.text("""
    SELECT compared_at, people, left_out, differing FROM rulebook.comparisons
    ORDER BY comparison DESC LIMIT 1
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
    WITH behind AS (
        SELECT count(*) AS persons FROM rulebook.standings WHERE rulebook <> :rulebook
    )
    UPDATE rulebook.publications SET total = persons FROM behind WHERE rulebook = :rulebook
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
