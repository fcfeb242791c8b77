"""Whether two contenders found the same: compared inside DuckDB, by EXCEPT both ways."""

from __future__ import annotations

from pathlib import Path

import duckdb

from healthcode.rulebook.terms import Rulebook

FINDINGS = "person, rule, fact, colour, opens, until"


def rows_of(folder: Path, name: str) -> str:
    """The relation of `findings` or `standings` in a contender's folder, a file or a folder."""
    target = folder / f"{name}.parquet"
    return f"read_parquet('{target / '*.parquet' if target.is_dir() else target}')"


def same_standings(
    connection: duckdb.DuckDBPyConnection,
    rulebook: Rulebook,
    one: Path,
    other: Path,
    persons: int,
) -> bool:
    """Whether both gave persons 1 to `persons` the same colour and the same next change.

    A person without a row is undeclared, and nothing lies ahead.
    """
    undeclared = rulebook.undeclared.value
    query = (
        f"SELECT person, coalesce(colour, '{undeclared}') AS colour, changes_at FROM {{rows}} "
        f"WHERE person <= {persons} AND (colour IS NOT NULL OR changes_at IS NOT NULL)"
    )
    return _same(
        connection, *(query.format(rows=rows_of(each, "standings")) for each in (one, other))
    )


def same_findings(
    connection: duckdb.DuckDBPyConnection, one: Path, other: Path, persons: int
) -> bool:
    """Whether both found the same windows of persons 1 to `persons`."""
    query = f"SELECT {FINDINGS} FROM {{rows}} WHERE person <= {persons}"
    return _same(
        connection, *(query.format(rows=rows_of(each, "findings")) for each in (one, other))
    )


def _same(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    # EXCEPT takes equal rows for one: that none comes twice must be said by their number.
    counted, counted_too, more, less = connection.execute(f"""
        SELECT (SELECT count(*) FROM ({one})), (SELECT count(*) FROM ({other})),
               (SELECT count(*) FROM ({one} EXCEPT {other})),
               (SELECT count(*) FROM ({other} EXCEPT {one}))
    """).fetchall()[0]
    return bool(counted == counted_too and more == less == 0)
