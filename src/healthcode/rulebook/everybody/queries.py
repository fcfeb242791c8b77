"""What a snapshot and a comparison read of the database."""

from __future__ import annotations

import sqlalchemy as sa

from healthcode.evidence import LEAVES

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
