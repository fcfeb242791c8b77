"""Whom a designation reaches: those with a fact that a rule looks for under its level.

Clauses 1 and 3 of `docs/reference/rulebook.md`, as far as an index can answer them: kind, level,
where and when. What else a rule asks of the fact is left to the judgement that follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from healthcode.evidence import Designated, persons_under
from healthcode.kit.clock import local_midnight
from healthcode.kit.db import Transaction
from healthcode.rulebook.terms import Duration, Rulebook


def reached(
    transaction: Transaction, rulebook: Rulebook, designated: Designated, most: int | None = None
) -> Iterator[int]:
    """Persons under these designations by a rulebook; some twice, at most `most` a question."""
    for designation in designated.designations:
        asked = {
            (when.kind, when.under.of, looking_back(designation.started_at, when.under.look_back))
            for when in (rule.when for rule in rulebook.rules)
            if when.under is not None and when.under.level == designation.level
        }
        for kind, of, since in sorted(asked):
            yield from persons_under(transaction, designation, of, kind, since, most)


def looking_back(instant: datetime, duration: Duration) -> datetime:
    """An instant less a duration: days from the local midnight before, the rest exactly."""
    if duration.unit == "d":
        return local_midnight(instant, -duration.count)
    one = timedelta(hours=1) if duration.unit == "h" else timedelta(minutes=1)
    return instant - duration.count * one
