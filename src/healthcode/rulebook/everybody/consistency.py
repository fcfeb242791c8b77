"""Whether the stored standings are what the evidence gives: everybody judged anew, beside them.

A difference is an alarm: it is written down and said aloud, and never mended here. Whoever is
about to be judged anew in any case (a change that is due, a job that waits, a rulebook that is just
being published) is left out, and counted.
"""

from __future__ import annotations

import logging
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from healthcode.kit.db import Transaction
from healthcode.rulebook.actions import REASSESS, binding_at, naive
from healthcode.rulebook.engines import duck
from healthcode.rulebook.everybody import queries
from healthcode.rulebook.everybody.taking import View, take, viewing
from healthcode.rulebook.tables import comparisons, differences
from healthcode.rulebook.terms import Comparison

logger = logging.getLogger(__name__)

MOST_KEPT = 1000  # differences written down by person; the count says how many there are


def compare(transaction: Transaction) -> Comparison:
    """Judge everybody on DuckDB and compare with the stored standings, at one moment.

    The first thing in its transaction. Raises NoRulebook.
    """
    with (
        viewing(transaction) as view,
        tempfile.TemporaryDirectory(prefix="healthcode-comparison-") as folder,
        duck.connected() as connection,
    ):
        bound = binding_at(transaction, transaction.now)
        taken = take(view, Path(folder) / "snapshot", name=None)
        now, judged = naive(transaction.now), Path(folder) / "judged"
        duck.judge(connection, taken.folder, bound.rulebook, now, naive(taken.known_at), judged)
        _put_beside(connection, view, judged, bound.rulebook.undeclared.value)
        asked = {"now": now, "rulebook": bound.key}
        [(people, left_out)] = connection.execute(COUNTED, asked).fetchall()
        different = connection.execute(DIFFERENT, asked).fetchall()
        made = Comparison(transaction.now, people - left_out, left_out, len(different))
        _write_down(transaction, made, bound.key, [(view.person_of(k), *r) for k, *r in different])
    if made.differing:
        logger.error(
            "The stored standings of %d people differ from what the evidence gives. Nothing was "
            "changed; look at rulebook.differences.",
            made.differing,
        )
    return made


# Somebody without a row, stored or judged, is what the rulebook calls undeclared.
BESIDE = """
    CREATE VIEW beside AS
    SELECT person, coalesce(s.colour, '{undeclared}') AS stored, s.changes_at AS stored_next,
           coalesce(j.colour, '{undeclared}') AS judged, j.changes_at AS judged_next,
           w.person IS NOT NULL AS waits, s.rulebook
    FROM stored s FULL JOIN judged j USING (person) LEFT JOIN waiting w USING (person)
"""
_LEFT_OUT = "(waits OR rulebook <> $rulebook OR coalesce(stored_next <= $now, false))"
COUNTED = f"SELECT count(*), count(*) FILTER (coalesce({_LEFT_OUT}, false)) FROM beside"
DIFFERENT = f"""
    SELECT person, stored, stored_next, judged, judged_next FROM beside
    WHERE NOT coalesce({_LEFT_OUT}, false)
      AND (stored <> judged OR stored_next IS DISTINCT FROM judged_next)
    ORDER BY person
"""


def _put_beside(
    connection: duckdb.DuckDBPyConnection, view: View, judged: Path, undeclared: str
) -> None:
    """The stored standings, the judged ones and who waits, under the keys of one snapshot."""
    stored = view.table(queries.STANDINGS_STORED)
    stored = stored.set_column(0, "person", view.keys(stored["person"].combine_chunks()))
    waiting = {person for each in view.transaction.waiting(REASSESS) for person in each["persons"]}
    keys = view.keys(pa.array(sorted(waiting), pa.int64()))
    connection.register("stored", stored)
    connection.register("waiting", pa.table({"person": keys}))
    read = duck.reading(judged / "standings.parquet")
    connection.execute(f"CREATE VIEW judged AS SELECT * FROM {read}")
    connection.execute(BESIDE.format(undeclared=undeclared))


def _write_down(
    transaction: Transaction,
    made: Comparison,
    rulebook: int,
    different: list[tuple[int, str, datetime | None, str, datetime | None]],
) -> None:
    comparison = transaction.run(
        sa.insert(comparisons)
        .values(
            compared_at=made.compared_at,
            rulebook=rulebook,
            people=made.people,
            left_out=made.left_out,
            differing=made.differing,
        )
        .returning(comparisons.c.comparison)
    ).scalar_one()
    rows = [
        {
            "comparison": comparison,
            "person": person,
            "stored": stored,
            "stored_next": stored_next,
            "judged": judged,
            "judged_next": judged_next,
        }
        for person, stored, stored_next, judged, judged_next in different[:MOST_KEPT]
    ]
    if rows:
        transaction.run(sa.insert(differences), rows)
