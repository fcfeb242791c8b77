"""What a rulebook does to whoever is asked about, as functions of the database made with it.

Its statements are long, and what is long takes longer to send than to run. A function's settings
end with it. It plans once in a session, for anybody, since a plan does not depend on whom it is
about; and without loops, since it expects ten persons, or a table that was just filled has no
statistics yet, and of a thousand it would loop over the facts of all for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import sqlalchemy as sa

from healthcode.evidence import LEAVES
from healthcode.rulebook.queries import FINDINGS_COLUMNS
from healthcode.rulebook.terms import Colour, Rulebook

TURNED = (Colour.ORANGE, Colour.RED)
_SEEN = "'infinity'"  # known at: whatever this transaction can see
_ASKED = (":persons", "asked")

_FUNCTION = """
CREATE OR REPLACE FUNCTION rulebook.{name} LANGUAGE plpgsql
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


def made_with(key: int, rulebook: Rulebook, findings_sql: str, standing_sql: str) -> Iterator[str]:
    """The statements that make a rulebook's functions, or make them anew."""
    leaves, findings = LEAVES.of_some.replace(*_ASKED), findings_sql.replace(":known_at", _SEEN)
    turned = _texts([colour.value for colour in TURNED])
    yield _FUNCTION.format(
        name=f"reassess_{key}(asked bigint[], moment timestamptz)"
        " RETURNS TABLE (person bigint, was text, becomes text)",
        body=_REASSESS.format(
            rulebook=key,
            undeclared=rulebook.undeclared.value,
            leaves=leaves,
            columns=FINDINGS_COLUMNS,
            findings=findings,
            standing=standing_sql.replace(":at", "moment AT TIME ZONE 'UTC'"),
        ),
    )
    yield _FUNCTION.format(
        name=f"turning_{key}(asked bigint[], moment timestamptz) RETURNS SETOF bigint",
        body=_TURNING.format(leaves=leaves, findings=findings, turned=turned),
    )
    opening = [rule.when for rule in rulebook.rules if rule.colour in TURNED]
    kinds = [when.kind.value for when in opening if not when.result]
    results = [f"{when.kind.value} {each}" for when in opening for each in when.result]
    just_added = LEAVES.just_added.replace(":kinds", f"ARRAY[{_texts(kinds)}]")
    yield _FUNCTION.format(
        name=f"may_turn_{key}() RETURNS SETOF bigint",
        body=_MAY_TURN.format(
            leaves=just_added.replace(":results", f"ARRAY[{_texts(results)}]"),
            findings=findings,
            turned=turned,
            taken_back=LEAVES.just_taken_back,
        ),
    )


@lru_cache(maxsize=16)
def reassess_by(rulebook: int) -> sa.TextClause:
    """Reassess `:persons`, sorted, at `:moment`; each with the colour before and after."""
    return sa.text(f"""
        SELECT person, was, becomes
        FROM rulebook.reassess_{rulebook}(CAST(:persons AS bigint[]), :moment)
    """)


@lru_cache(maxsize=16)
def turning_by(rulebook: int) -> sa.TextClause:
    """Which of `:persons` what is new would turn orange or red, at `:moment` or later.

    Not who is now. Stored findings say what was before: those that were to come have been counted.
    """
    return sa.text(
        f"SELECT * FROM rulebook.turning_{rulebook}(CAST(:persons AS bigint[]), :moment)"
    )


@lru_cache(maxsize=16)
def may_turn_by(rulebook: int) -> sa.TextClause:
    """Who alone may turn orange or red by what this transaction has said of them.

    Whoever has an orange or red window by a fact just added, looked at by itself (other facts only
    end it earlier), and whoever had a fact taken back.
    """
    return sa.text(f"SELECT * FROM rulebook.may_turn_{rulebook}()")


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)  # a rulebook's words have no quotes
