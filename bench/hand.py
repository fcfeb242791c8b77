"""The floor: the default rulebook as DuckDB SQL that was written by hand, in `hand.sql`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from bench.snapshots import Snapshot
from healthcode.evidence import Kind
from healthcode.rulebook.expression import FACTS

SQL = Path(__file__).with_name("hand.sql")
NOTHING = f"SELECT {', '.join(f'NULL::{type_} AS {name}' for name, type_ in FACTS.items())}"


def judge(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, into: Path) -> None:
    """Write the findings and standings of everybody into `into`, as `duck.judge` does.

    The snapshot's rulebook must be the default one: the SQL knows no other.
    """
    known_at = _instant(snapshot.known_at)
    known = f"recorded <= {known_at} AND (retracted IS NULL OR retracted > {known_at})"
    for kind in Kind:
        folder = snapshot.facts_of(kind)
        read = f"read_parquet('{folder}/*.parquet', hive_partitioning = false)"
        rows = f"({NOTHING} WHERE false)" if folder is None else read
        connection.execute(f'CREATE VIEW "{kind}" AS SELECT * FROM {rows} WHERE {known}')
    designations = f"read_parquet('{snapshot.folder}/designations.parquet')"
    connection.execute(f"CREATE TABLE designation AS FROM {designations} WHERE {known}")
    text = SQL.read_text("utf-8").replace("$at", _instant(snapshot.at)).replace("$out", str(into))
    connection.execute(text)


def _instant(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
