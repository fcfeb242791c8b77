"""What a rulebook does to whoever is asked about, as functions of the database made with it.

Its statements are long, and what is long takes longer to send than to run. `reassess`, `turning`
and `may_turn` find the rulebook in force and call the functions of its own, which have its key in
their names. A function's settings end with it. It plans once in a session, for anybody, since a
plan does not depend on whom it is about; and without loops, since it expects ten persons, or a
table that was just filled has no statistics yet, and of a thousand it would loop over the facts of
all for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from healthcode.evidence import LEAVES
from healthcode.rulebook.queries import FINDINGS_COLUMNS, IN_FORCE
from healthcode.rulebook.terms import Colour, Rulebook

COUNTED = (Colour.ORANGE, Colour.RED)
_SEEN = "'infinity'"  # known at: whatever this transaction can see
_ASKED = (":persons", "asked")

# Whoever writes standings holds the rulebook in force until the commit; a change to another one
# begins when nobody does, so that no standing of an older one can come after it.
_HOLD = "PERFORM pg_advisory_xact_lock_shared(20200306);"
TURN_TO_RULEBOOK = sa.text("SELECT pg_advisory_xact_lock(20200306)")

REASSESS_PERSONS = sa.text("""
    SELECT person, was, becomes FROM rulebook.reassess(CAST(:persons AS bigint[]), :moment)
""")
"""Reassess `:persons`, sorted, at `:moment`; each with the colour before and after."""

TURNING = sa.text("SELECT * FROM rulebook.turning(CAST(:persons AS bigint[]), :moment)")
"""Which of `:persons` what is new would turn orange or red, at `:moment` or later.

Not who is now. Stored findings say what was before: those that were to come have been counted.
"""

MAY_TURN = sa.text("SELECT * FROM rulebook.may_turn(:moment)")
"""Who alone may turn orange or red by what this transaction has said of them.

Whoever has an orange or red window by a fact just added, looked at by itself (other facts only end
it earlier), and whoever had a fact taken back.
"""

# Each statement of a function sees what was committed before it.
_CALL = """
CREATE OR REPLACE FUNCTION rulebook.{name}({parameters}) RETURNS {returns} LANGUAGE plpgsql
AS $rulebook$
#variable_conflict use_column
BEGIN
    {first}
    RETURN QUERY EXECUTE
        'SELECT * FROM rulebook.{name}_' || (SELECT rulebook {in_force}) || '({places})'
        USING {given};
END
$rulebook$
"""

_FUNCTION = """
CREATE OR REPLACE FUNCTION rulebook.{name}_{key}({parameters}) RETURNS {returns} LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_nestloop = off
AS $rulebook$
#variable_conflict use_column
BEGIN
{body}
END
$rulebook$
"""

# The one writer of colours.
_REASSESS = """
    INSERT INTO rulebook.standings (person, colour, assessed_at, rulebook)
    SELECT a.person, 'grey', moment, {rulebook} FROM unnest(asked) AS a(person)
    ON CONFLICT (person) DO NOTHING;

    -- whoever reassesses a person holds this row: the second then sees what the first recorded
    PERFORM FROM rulebook.standings WHERE person = ANY(asked) ORDER BY person FOR UPDATE;

    -- only what changed is written
    WITH {leaves}, fresh AS MATERIALIZED (
        SELECT {columns} FROM ({findings}) AS found
    ), gone AS (
        DELETE FROM rulebook.findings old
        WHERE old.person = ANY(asked) AND NOT EXISTS (
            SELECT 1 FROM fresh
            WHERE (fresh.person, fresh.rule, fresh.fact) = (old.person, old.rule, old.fact))
    )
    INSERT INTO rulebook.findings AS old (person, rule, fact, colour, opens, until)
    SELECT person, rule, fact, colour, opens, until FROM fresh
    ON CONFLICT (person, rule, fact) DO UPDATE SET
        colour = EXCLUDED.colour, opens = EXCLUDED.opens, until = EXCLUDED.until
    WHERE (old.colour, old.opens, old.until) IS DISTINCT FROM
          (EXCLUDED.colour, EXCLUDED.opens, EXCLUDED.until);

    RETURN QUERY
    WITH findings AS MATERIALIZED (
        SELECT person, rule, fact, colour,
               opens AT TIME ZONE 'UTC' AS opens, until AT TIME ZONE 'UTC' AS until
        FROM rulebook.findings WHERE person = ANY(asked)
    ), before AS MATERIALIZED (
        SELECT person, colour FROM rulebook.standings WHERE person = ANY(asked)
    ), fresh AS (
        SELECT b.person, b.colour AS was,
               CAST(coalesce(s.colour, '{undeclared}') AS text) AS becomes,
               s.changes_at AT TIME ZONE 'UTC' AS changes_at
        FROM before b LEFT JOIN ({standing}) AS s USING (person)
    )
    UPDATE rulebook.standings old
    SET colour = fresh.becomes, changes_at = fresh.changes_at,
        assessed_at = moment, rulebook = {rulebook}
    FROM fresh WHERE old.person = ANY(asked) AND old.person = fresh.person
    RETURNING old.person, fresh.was, fresh.becomes;
"""

_MAY_TURN = """
    PERFORM FROM (WITH {leaves} SELECT FROM facts LIMIT 1) AS added;
    IF NOT FOUND THEN
        RETURN QUERY {taken_back};
        RETURN;
    END IF;
    RETURN QUERY
    WITH {leaves}, fresh AS ({findings})
    SELECT person FROM fresh WHERE fresh.colour IN ({turned})
    UNION {taken_back};
"""

_TURNING = """
    RETURN QUERY
    WITH {leaves}, fresh AS ({findings}), stored AS MATERIALIZED (
        SELECT person, rule, fact, opens <= moment AS active FROM rulebook.findings
        WHERE person = ANY(asked) AND colour IN ({turned}) AND (until IS NULL OR until > moment)
    )
    SELECT DISTINCT person FROM fresh
    WHERE fresh.colour IN ({turned})
      AND (fresh.until IS NULL OR fresh.until > moment AT TIME ZONE 'UTC')
      AND NOT EXISTS (SELECT 1 FROM stored WHERE active AND stored.person = fresh.person)
      AND NOT EXISTS (
          SELECT 1 FROM stored
          WHERE (stored.person, stored.rule, stored.fact)
              = (fresh.person, fresh.rule, fresh.fact));
"""


_PERSONS = ("asked bigint[], moment timestamptz", "$1, $2", "asked, moment")
_SIGNATURES = {
    "reassess": (*_PERSONS, "TABLE (person bigint, was text, becomes text)", _HOLD),
    "turning": (*_PERSONS, "SETOF bigint", ""),
    "may_turn": ("moment timestamptz", "$1", "moment", "SETOF bigint", ""),
}


def made_with(key: int, rulebook: Rulebook, findings_sql: str, standing_sql: str) -> Iterator[str]:
    """The statements that make a rulebook's functions, or make them anew."""
    bodies = _bodies(key, rulebook, findings_sql.replace(":known_at", _SEEN), standing_sql)
    in_force = IN_FORCE.replace(":at", "moment")
    for name, (parameters, places, given, returns, first) in _SIGNATURES.items():
        common = {"name": name, "parameters": parameters, "returns": returns}
        yield _FUNCTION.format(key=key, body=bodies[name], **common)
        yield _CALL.format(first=first, places=places, given=given, in_force=in_force, **common)


def _bodies(key: int, rulebook: Rulebook, findings: str, standing: str) -> dict[str, str]:
    leaves = LEAVES.of_some.replace(*_ASKED)
    turned = _texts([colour.value for colour in COUNTED])
    opening = [rule.when for rule in rulebook.rules if rule.colour in COUNTED]
    kinds = [when.kind.value for when in opening if not when.result]
    results = [f"{when.kind.value} {each}" for when in opening for each in when.result]
    just_added = LEAVES.just_added.replace(":kinds", f"ARRAY[{_texts(kinds)}]")
    return {
        "reassess": _REASSESS.format(
            rulebook=key,
            undeclared=rulebook.undeclared.value,
            leaves=leaves,
            columns=FINDINGS_COLUMNS,
            findings=findings,
            standing=standing.replace(":at", "moment AT TIME ZONE 'UTC'"),
        ),
        "turning": _TURNING.format(leaves=leaves, findings=findings, turned=turned),
        "may_turn": _MAY_TURN.format(
            leaves=just_added.replace(":results", f"ARRAY[{_texts(results)}]"),
            findings=findings,
            turned=turned,
            taken_back=LEAVES.just_taken_back,
        ),
    }


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)  # a rulebook's words have no quotes
