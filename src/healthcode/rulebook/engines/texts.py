"""A rulebook as the SQL of an engine; importing this module imports Ibis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis

from healthcode.rulebook import expression
from healthcode.rulebook.terms import Rulebook

Dialect = Literal["postgres", "duckdb", "pyspark"]

FACTS = ibis.table(expression.FACTS, name="facts")
DESIGNATIONS = ibis.table(expression.DESIGNATIONS, name="designations")
FINDINGS = ibis.table(expression.FINDINGS, name="findings")


@dataclass(frozen=True, slots=True)
class Texts:
    """`findings` stands on the relations `facts` and `designations`; `standing` on `findings`."""

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
    findings = expression.findings(FACTS, DESIGNATIONS, rulebook, known_at)
    return Texts(
        str(ibis.to_sql(findings, dialect=dialect, pretty=pretty)),
        str(ibis.to_sql(expression.standing(FINDINGS, at), dialect=dialect, pretty=pretty)),
    )
