"""A rulebook as the SQL of an engine; importing this module imports Ibis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis

from healthcode.rulebook import expression
from healthcode.rulebook.terms import Rulebook

Dialect = Literal["postgres", "duckdb", "pyspark"]

DATED = ibis.table(expression.DATED, name="dated")
DESIGNATIONS = ibis.table(expression.DESIGNATIONS, name="designations")
OPENERS = ibis.table(expression.OPENERS, name="openers")
FINDINGS = ibis.table(expression.FINDINGS, name="findings")

# DuckDB cuts a time to its day three times as fast in whole microseconds. They are cut towards
# nought, so a million days are added first: what lies before 1970 is cut like the rest.
_MIDNIGHTS = {
    "postgres": "date_trunc('day', {0} + interval '8 hours') - interval '8 hours'",
    "pyspark": "date_trunc('day', {0} + interval 8 hours) - interval 8 hours",
    "duckdb": "make_timestamp((epoch_us({0}) + 86400028800000000) // 86400000000 * 86400000000"
    " - 86400028800000000)",
}


@dataclass(frozen=True, slots=True)
class Texts:
    """What stands on what.

    `dated` stands on the relation `facts`; `openers` on the relations `dated` and `designations`;
    `findings` on those three; `standing` on `findings`.

    `openers` is None for a rulebook that nothing ends early; `findings` then does without.
    """

    dated: str
    openers: str | None
    findings: str
    standing: str


def texts(
    rulebook: Rulebook,
    dialect: Dialect,
    known_at: datetime,
    at: datetime,
    *,
    pretty: bool = False,
) -> Texts:
    """The rulebook as an engine's SQL; the times are without a zone, in UTC.

    `pretty` is for people, and takes a third longer.
    """
    openers = expression.openers(DATED, DESIGNATIONS, rulebook, known_at)
    findings = expression.findings(DATED, DESIGNATIONS, OPENERS, rulebook, known_at)

    def text(expression_of_it: ibis.Table) -> str:
        return str(ibis.to_sql(expression_of_it, dialect=dialect, pretty=pretty))

    return Texts(
        dated(dialect),
        None if openers is None else text(openers),
        text(findings),
        text(expression.standing(FINDINGS, at)),
    )


def dated(dialect: Dialect) -> str:
    """The facts with the local midnights that days are counted from."""
    midnight = _MIDNIGHTS[dialect]
    return (
        f"SELECT facts.*, {midnight.format('started')} AS start_day, "
        f"{midnight.format('ended')} AS end_day FROM facts"
    )
