"""A rulebook as the SQL of an engine; importing this module imports Ibis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

import ibis
import ibis.backends.sql.compilers  # which Ibis would import with the first text

from healthcode.evidence import Kind
from healthcode.rulebook import expression
from healthcode.rulebook.terms import Rulebook

Dialect = Literal["postgres", "duckdb", "pyspark"]

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


# And it adds whole microseconds more quickly than an interval.
_DAYS_LATER = re.compile(r'("\w+"\."(?:start|end)_day") \+ INTERVAL \'(\d+)\' HOUR')


def _in_microseconds(found: re.Match[str]) -> str:
    midnight, hours = found.groups()
    return f"MAKE_TIMESTAMP(EPOCH_US({midnight}) + {int(hours) * 3_600_000_000})"


@dataclass(frozen=True)
class Texts:
    """The rulebook as an engine's SQL, each text made when it is first asked for.

    `openers` stands on the leaf (see `leaf`) and the relation `designations`; `findings` on those
    and `openers`; `standing` on `findings`. The times are without a zone, in UTC. `pretty` is for
    people, and takes a third longer.
    """

    rulebook: Rulebook
    dialect: Dialect
    known_at: datetime
    at: datetime
    pretty: bool = False

    @cached_property
    def openers(self) -> str | None:
        """None for a rulebook that nothing ends early; `findings` then does without."""
        facts = leaf(self.dialect)
        found = expression.openers(facts, DESIGNATIONS, self.rulebook, self.known_at)
        return None if found is None else self._text(found)

    @cached_property
    def findings(self) -> str:
        """Everybody's windows."""
        facts = leaf(self.dialect)
        return self._text(
            expression.findings(facts, DESIGNATIONS, OPENERS, self.rulebook, self.known_at)
        )

    @cached_property
    def standing(self) -> str:
        """Everybody's colour, and when it can change."""
        return self._text(expression.standing(FINDINGS, self.at))

    def _text(self, of: ibis.Table) -> str:
        written = str(ibis.to_sql(of, dialect=self.dialect, pretty=self.pretty))
        return _DAYS_LATER.sub(_in_microseconds, written) if self.dialect == "duckdb" else written


def leaf(dialect: Dialect) -> expression.Facts:
    """The facts with midnights: a relation `dated`, on DuckDB one for each kind, `dated_stay`.

    A relation of all kinds takes DuckDB half a second to plan, for each rule would read them all.
    """

    def of_kind(kind: Kind) -> ibis.Table:
        name = f"dated_{kind}" if dialect == "duckdb" else "dated"
        return ibis.table(expression.DATED, name=name)

    return of_kind


def dated(dialect: Dialect, facts: str = "facts") -> str:
    """A relation of facts with the local midnights that days are counted from."""
    midnight = _MIDNIGHTS[dialect]
    return (
        f"SELECT known.*, {midnight.format('started')} AS start_day, "
        f"{midnight.format('ended')} AS end_day FROM {facts} AS known"
    )
