"""Every SELECT over the evidence, and the leaves that a rulebook's statement stands on."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

# The relations `facts` and `designations` of a compiled rulebook (see rulebook.expression), as
# common table expressions. A row that this transaction has added and not yet stamped is known
# only to it, and only now: its `recorded` is infinity, and so is the present's `known_at`.
# The facts of some people are few and read by every rule: materialised once. Of everybody, each
# rule wants only its kinds.
_FACTS = """
    facts AS {how} (
        SELECT f.fact, f.person, f.kind, f.result, f.number, f.area, f.place, f.source,
               f.source_class,
               f.started_at AT TIME ZONE 'UTC' AS started,
               CASE WHEN f.ended_at IS NULL THEN f.started_at
                    WHEN isfinite(f.ended_at) THEN f.ended_at END AT TIME ZONE 'UTC' AS ended,
               f.ended_at IS NOT NULL AS states_end,
               coalesce(f.recorded_at, 'infinity') AT TIME ZONE 'UTC' AS recorded,
               {retracted} AT TIME ZONE 'UTC' AS retracted
        FROM evidence.facts f {joined}
        WHERE {which}
    )"""

# Retractions are joined for everybody; for some they are looked up one by one, or all that there
# are would be read for one person.
_JOINED = {
    "retracted": "CASE WHEN r.fact IS NOT NULL THEN coalesce(r.recorded_at, 'infinity') END",
    "joined": "LEFT JOIN evidence.retractions r USING (fact)",
}
_LOOKED_UP = {
    "retracted": """(
                   SELECT coalesce(r.recorded_at, 'infinity')
                   FROM evidence.retractions r WHERE r.fact = f.fact)""",
    "joined": "",
}

_DESIGNATIONS = """
    designations AS MATERIALIZED (
        SELECT d.level, d.area, d.place,
               d.started_at AT TIME ZONE 'UTC' AS started,
               d.ended_at AT TIME ZONE 'UTC' AS ended,
               coalesce(d.recorded_at, 'infinity') AT TIME ZONE 'UTC' AS recorded,
               CASE WHEN r.designation IS NOT NULL THEN coalesce(r.recorded_at, 'infinity')
                    END AT TIME ZONE 'UTC' AS retracted
        FROM evidence.designations d
        LEFT JOIN evidence.designation_retractions r USING (designation)
    )"""


# Facts that nobody has recorded: their numbers are negative, and they are known at once.
_ADDED = """
        UNION ALL
        SELECT a.fact, a.person, a.kind, a.result, a.number, a.area, a.place, a.source,
               a.source_class, a.started, a.ended, a.states_end, '-infinity', NULL
        FROM jsonb_to_recordset(CAST(:added AS jsonb)) AS a(
            fact bigint, person bigint, kind text, result text, number numeric(9, 3), area text,
            place text, source text, source_class text, started timestamp, ended timestamp,
            states_end boolean)
        WHERE NOT a.fact = ANY(CAST(:without AS bigint[]))"""


class Leaves(NamedTuple):
    """What a rulebook's statement stands on.

    The facts of some; of all but some kinds; what if: those of some without those of some numbers,
    and with others added; or those that this transaction has added, of some kinds and of some
    kinds with their results.
    """

    of_some: str
    but_kinds: str
    what_if: str
    just_added: str
    just_taken_back: str  # no leaf: the persons whose facts this transaction has taken back


_OF_SOME = "f.person = ANY(CAST(:persons AS bigint[]))"
_BUT = "NOT f.fact = ANY(CAST(:without AS bigint[]))"

LEAVES = Leaves(
    _FACTS.format(how="MATERIALIZED", which=_OF_SOME, **_LOOKED_UP) + f",{_DESIGNATIONS}",
    _FACTS.format(
        how="NOT MATERIALIZED", which="NOT f.kind = ANY(CAST(:kinds AS text[]))", **_JOINED
    )
    + f",{_DESIGNATIONS}",
    _FACTS.format(how="MATERIALIZED", which=f"{_OF_SOME} AND {_BUT}{_ADDED}", **_LOOKED_UP)
    + f",{_DESIGNATIONS}",
    # Others' recordings without a stamp cannot be seen.
    _FACTS.format(
        how="MATERIALIZED",
        which="""(f.kind = ANY(CAST(:kinds AS text[]))
               OR f.kind || ' ' || f.result = ANY(CAST(:results AS text[])))
          AND f.recording = ANY(ARRAY(
            SELECT recording FROM evidence.recordings WHERE recorded_at IS NULL))""",
        **_LOOKED_UP,
    )
    + f",{_DESIGNATIONS}",
    """
    SELECT person FROM evidence.facts WHERE fact = ANY(ARRAY(
        SELECT fact FROM evidence.retractions WHERE recording = ANY(ARRAY(
            SELECT recording FROM evidence.recordings WHERE recorded_at IS NULL))))
    """,
)

LAST_RECORDED = sa.text("SELECT max(recorded_at) FROM evidence.recordings")

FACTS_OF = sa.text("""
    SELECT fact, kind, result, started_at,
           CASE WHEN isfinite(ended_at) THEN ended_at END AS ended_at,
           coalesce(ended_at = 'infinity', false) AS going_on, source, source_class
    FROM evidence.facts WHERE person = :person
""")

_PERSONS_UNDER = """
    SELECT DISTINCT f.person FROM evidence.facts f
    WHERE f.kind = :kind AND {where} AND coalesce(f.ended_at, f.started_at) >= :since
      AND f.started_at < coalesce(CAST(:ended_at AS timestamptz), 'infinity')
      AND NOT EXISTS (SELECT 1 FROM evidence.retractions r WHERE r.fact = f.fact)
    LIMIT CAST(:most AS bigint)
"""
# A range, since no plan that is made for every area uses an index for `starts_with`. Codes are
# digits, and in the collation of bytes `:` comes next after 9: `12:` ends everything inside 12.
PERSONS_IN = sa.text(
    _PERSONS_UNDER.format(
        where="""
        f.area <> '' AND f.area COLLATE "C" >= :area AND f.area COLLATE "C" < :area || ':'
        """.strip()
    )
)
PERSONS_AT = sa.text(_PERSONS_UNDER.format(where="f.place <> '' AND f.place = :place"))

REGISTRATIONS = sa.text("""
    SELECT r.source, s.source_class, r.kinds, r.divisions
    FROM evidence.registrations r JOIN evidence.sources s USING (source)
    WHERE r.client = :client
""")

ALL_REGISTRATIONS = sa.text("""
    SELECT r.client, r.source, s.source_class, r.kinds, r.divisions
    FROM evidence.registrations r JOIN evidence.sources s USING (source)
    ORDER BY r.client, r.source
""")

SOURCE_CLASS = sa.text("SELECT source_class FROM evidence.sources WHERE source = :source")

FIRST_DIAGNOSES = sa.text("""
    SELECT person, min(started_at) AS started_at FROM evidence.facts
    WHERE kind = 'diagnosis' GROUP BY person
""")

SPAN_OF_FACTS = sa.text("""
    SELECT min(started_at) AS first, max(recorded_at) AS last FROM evidence.facts
""")

DECLARED_SINCE = sa.text("""
    SELECT count(*) FROM evidence.facts f JOIN evidence.recordings r USING (recording)
    WHERE f.person = :person AND f.kind = 'declaration' AND f.started_at > :since
      AND starts_with(r.account, 'citizen.')
""")

LAST_CLEARED = sa.text("""
    SELECT max(f.started_at) FROM evidence.facts f LEFT JOIN evidence.retractions r USING (fact)
    WHERE f.person = :person AND f.kind = 'clearance' AND f.started_at <= :now
      AND r.fact IS NULL
""")

OWN_FACTS = sa.text("""
    SELECT f.kind, f.result, f.area, f.started_at,
           CASE WHEN isfinite(f.ended_at) THEN f.ended_at END AS ended_at,
           coalesce(f.ended_at = 'infinity', false) AS going_on
    FROM evidence.facts f LEFT JOIN evidence.retractions r USING (fact)
    WHERE f.person = :person AND f.source_class = 'self' AND r.fact IS NULL
    ORDER BY f.fact
""")

SOURCES = sa.text("SELECT source, source_class FROM evidence.sources")
