"""An embedded PostgreSQL of the benchmark's own, with a snapshot in the real tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import sqlalchemy as sa

from bench.snapshots import Snapshot
from healthcode.app.wiring import LISTENERS, prepare, shipped_rulebook
from healthcode.evidence import LEAVES
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database
from healthcode.kit.embedded import embedded_server, ensure_database
from healthcode.kit.secrets import MasterKeys, new_master_key
from healthcode.rulebook.compiling import compile_rulebook
from healthcode.rulebook.terms import Rulebook

LOADED = 1  # a recording on which loaded rows stand
RECORDING = "fact // 5000 + 1"  # as many rows to one as a file's batches have

RECORDINGS = f"""
    SELECT recording, 'snapshot' AS client, max(recorded) AS recorded_at
    FROM (SELECT {RECORDING} AS recording, recorded FROM facts
          UNION ALL SELECT {LOADED}, known_at FROM now)
    GROUP BY recording
"""
FACTS = f"""
    SELECT fact, person, kind, result, number, area, place, started AS started_at,
           CASE WHEN NOT states_end THEN NULL WHEN ended IS NULL THEN 'infinity'
                ELSE CAST(ended AS VARCHAR) END AS ended_at,
           source, source_class, {RECORDING} AS recording, recorded AS recorded_at
    FROM facts
"""
RETRACTIONS = f"""
    SELECT fact, source, {RECORDING} AS recording, retracted AS recorded_at
    FROM facts WHERE retracted IS NOT NULL
"""
DESIGNATIONS = f"""
    SELECT designation, level, area, place, started AS started_at, ended AS ended_at,
           'snapshot' AS source, {LOADED} AS recording, recorded AS recorded_at
    FROM designations
"""
DESIGNATION_RETRACTIONS = f"""
    SELECT designation, 'snapshot' AS source, {LOADED} AS recording, retracted AS recorded_at
    FROM designations WHERE retracted IS NOT NULL
"""
TABLES = {
    "people.persons": "SELECT person, residence FROM people",
    "evidence.recordings": RECORDINGS,
    "evidence.facts": FACTS,
    "evidence.retractions": RETRACTIONS,
    "evidence.designations": DESIGNATIONS,
    "evidence.designation_retractions": DESIGNATION_RETRACTIONS,
}
NUMBERED = {
    "people.persons": "person",
    "evidence.recordings": "recording",
    "evidence.facts": "fact",
    "evidence.designations": "designation",
}

FOUND = {
    "person": "BIGINT",
    "rule": "VARCHAR",
    "fact": "BIGINT",
    "colour": "VARCHAR",
    "opens": "TIMESTAMP",
    "until": "TIMESTAMP",
}
STOOD = {"person": "BIGINT", "colour": "VARCHAR", "changes_at": "TIMESTAMP"}


@contextmanager
def house(snapshot: Snapshot, persons: int) -> Iterator[Database]:
    """A house whose clock stands at the snapshot's `at`, and which knows its first `persons`.

    The server has the settings that it has everywhere; it is gone afterwards.
    """
    with (
        tempfile.TemporaryDirectory(prefix="healthcode-bench-") as folder,
        embedded_server(Path(folder)) as server,
    ):
        url = ensure_database(server, "bench")
        clock = SetClock(snapshot.at.replace(tzinfo=UTC))
        made = prepare(url, MasterKeys.read(new_master_key()), clock, LISTENERS)
        try:
            with made.transaction() as transaction:
                shipped_rulebook(transaction)
            load(made, snapshot, persons, Path(folder))
            yield made
        finally:
            made.engine.dispose()


def load(house: Database, snapshot: Snapshot, persons: int, scratch: Path) -> None:
    """COPY the snapshot into the tables, as if it had all been recorded so."""
    with house.engine.begin() as connection, duckdb.connect() as reader:
        # Neither keys nor stamps: the rows come with both, and are known to be sound.
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        _views(reader, snapshot, persons)
        for table, query in TABLES.items():
            _copy(connection, reader, table, query, scratch / "rows.csv")
        for table, key in NUMBERED.items():
            connection.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'),"
                    f" coalesce(max({key}), 1)) FROM {table}"
                )
            )
    tidy(house)


def _views(reader: duckdb.DuckDBPyConnection, snapshot: Snapshot, persons: int) -> None:
    reader.execute("SET enable_progress_bar = false")  # it would stand among the output
    folder = snapshot.folder
    reader.execute(f"""
        CREATE VIEW facts AS FROM read_parquet('{folder}/facts/*/*.parquet',
            hive_types = {{'kind': VARCHAR}}) WHERE person <= {persons};
        CREATE VIEW now AS SELECT TIMESTAMP '{snapshot.known_at.isoformat(sep=" ")}' AS known_at;
        CREATE VIEW people AS FROM '{folder}/people.parquet' WHERE person <= {persons};
        CREATE TABLE designations AS
            SELECT row_number() OVER () AS designation, * FROM '{folder}/designations.parquet'
    """)


def _copy(
    connection: sa.Connection,
    reader: duckdb.DuckDBPyConnection,
    table: str,
    query: str,
    scratch: Path,
) -> None:
    # An empty text is quoted and an unquoted nothing is NULL, as PostgreSQL reads them.
    reader.execute(f"COPY ({query}) TO '{scratch}' (FORMAT csv, HEADER)")
    raw = connection.connection.cursor()
    with scratch.open("rb") as file:
        columns = file.readline().decode().strip()
        with raw.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
    scratch.unlink()


def judge_all(
    connection: sa.Connection, rulebook: Rulebook, at: datetime, known_at: datetime
) -> None:
    """Judge everybody into the new tables `bench_findings` and `bench_standings`.

    The leaves and the statements are the house's own; the times are naive, in UTC.
    """
    made = compile_rulebook(rulebook)
    findings = made.findings.replace(":known_at", f"'{known_at.isoformat()}'")
    standing = made.standing.replace(":at", f"'{at.isoformat()}'")
    leaves = LEAVES.but_kinds.replace(":kinds", "'{}'")
    connection.exec_driver_sql("SET LOCAL work_mem = '512MB'")
    connection.exec_driver_sql(f"""
        CREATE UNLOGGED TABLE bench_findings AS
        WITH {leaves}, findings AS ({findings}) SELECT * FROM findings
    """)
    connection.exec_driver_sql(f"""
        CREATE UNLOGGED TABLE bench_standings AS
        WITH findings AS (SELECT * FROM bench_findings), standing AS ({standing})
        SELECT * FROM standing
    """)


def fill(house: Database, snapshot: Snapshot) -> None:
    """Store everybody's findings and standing, as if each had been reassessed."""
    with house.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        judge_all(connection, snapshot.rulebook, snapshot.at, snapshot.known_at)
        connection.exec_driver_sql("""
            INSERT INTO rulebook.findings (person, rule, fact, colour, opens, until)
            SELECT person, rule, fact, colour, opens AT TIME ZONE 'UTC', until AT TIME ZONE 'UTC'
            FROM bench_findings ORDER BY person
        """)
        connection.exec_driver_sql(f"""
            INSERT INTO rulebook.standings (person, colour, changes_at, assessed_at, rulebook)
            SELECT person, coalesce(s.colour, '{snapshot.rulebook.undeclared.value}'),
                   s.changes_at AT TIME ZONE 'UTC', '{snapshot.at.isoformat()}Z',
                   (SELECT max(rulebook) FROM rulebook.rulebooks)
            FROM people.persons LEFT JOIN bench_standings s USING (person) ORDER BY person
        """)
        connection.exec_driver_sql("DROP TABLE bench_findings, bench_standings")
    tidy(house)


def tidy(house: Database) -> None:
    """VACUUM ANALYZE, as the server would have done by itself before long."""
    with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def export(connection: sa.Connection, into: Path) -> None:
    """Write what `judge_all` found as Parquet."""
    rows = into / "rows.csv"
    raw = connection.connection.cursor()
    with duckdb.connect() as writer:
        for name, columns in (("findings", FOUND), ("standings", STOOD)):
            query = f"COPY bench_{name} ({', '.join(columns)}) TO STDOUT (FORMAT csv)"
            with rows.open("wb") as file, raw.copy(query) as copy:
                for block in copy:
                    file.write(block)
            writer.execute(
                f"COPY (FROM read_csv('{rows}', header = false, columns = {columns}))"
                f" TO '{into}/{name}.parquet' (FORMAT parquet)"
            )
    rows.unlink()
