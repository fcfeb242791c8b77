"""DuckDB: everybody, in this process, out of core where memory is short."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from healthcode.evidence import Kind
from healthcode.kit.garbage import seldom_collecting
from healthcode.rulebook.engines.texts import Texts, dated
from healthcode.rulebook.expression import FACTS
from healthcode.rulebook.terms import Colour, Rulebook

MEMORY = "3GB"  # of the four that a desk can spare: the rest is Arrow's, Parquet's and Python's

# Version 2 of the format, and no dictionary for columns of numbers: a fifth less time to write, and
# half the size.
WRITTEN = "FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000"

DENSE = 26  # bits of a person's key: 67 million people; beyond, DuckDB takes a hash table

TYPES = {"int64": "BIGINT", "string": "VARCHAR"}  # others are called alike

FACTS_OF_A_KIND = """
    SELECT fact, person, '{kind}' AS kind, result, number, area, place, source, source_class,
           started, ended, states_end, recorded, retracted
    FROM read_parquet('{folder}/*.parquet', hive_partitioning = false)
"""
COLOURS = "ENUM ({})".format(", ".join(f"'{colour}'" for colour in Colour))
NAMED = re.compile("THEN '({})'".format("|".join(Colour)))
NO_FACTS = "SELECT {} WHERE false".format(
    ", ".join(f"CAST(NULL AS {TYPES.get(of, of)}) AS {name}" for name, of in FACTS.items())
)
DESIGNATIONS = """
    CREATE OR REPLACE VIEW designations AS
    SELECT level, area, place, started, ended, recorded, retracted
    FROM read_parquet('{folder}/designations.parquet')
"""
FINDINGS = """
    CREATE OR REPLACE VIEW findings AS SELECT * FROM read_parquet('{folder}/findings.parquet')
"""


@contextmanager
def connected(
    *, memory: str = MEMORY, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of this process alone, in UTC, that spills into a folder of its own.

    `memory` as DuckDB writes it (`3GB`); without `threads` it takes every core.
    """
    with tempfile.TemporaryDirectory(prefix="healthcode-duckdb-") as spill:
        options: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": spill,
            "preserve_insertion_order": False,  # rows have no order; keeping one costs memory
        }
        if threads is not None:
            options["threads"] = threads
        with duckdb.connect(config=options) as made:
            made.execute("SET TimeZone = 'UTC'")
            made.execute("SET enable_progress_bar = false")  # it writes to stdout, which is ours
            yield made


def judge(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Path,
    rulebook: Rulebook,
    at: datetime,
    known_at: datetime,
    into: Path,
) -> None:
    """Judge everybody of a snapshot at `at`, by what was known at `known_at` (both naive UTC).

    Writes `findings.parquet` and `standings.parquet` into the folder `into`; who has no row among
    the standings is what the rulebook calls `undeclared`.
    """
    made = Texts(rulebook, "duckdb", known_at, at)
    into.mkdir(parents=True, exist_ok=True)
    connection.execute(DESIGNATIONS.format(folder=quoted(snapshot)))
    lay_leaves(connection, lambda kind: f"({_of_kind(snapshot, kind)})")
    with seldom_collecting(), ThreadPoolExecutor(1) as beside:
        openers = made.openers
        beside.submit(lambda: (made.findings, made.standing))  # while the openers are found
        keep_openers(connection, openers)
    rules = ", ".join(f"'{rule.id}'" for rule in rulebook.rules)
    # Few words stand in many rows: as enumerations they take half the time to write. Of a colour
    # each word is made one, and not each row's.
    findings = f"""
        SELECT person, CAST(rule AS ENUM ({rules})) AS rule, fact,
               CAST(colour AS {COLOURS}) AS colour, opens, until
        FROM ({made.findings})
    """
    standing = NAMED.sub(rf"THEN CAST('\1' AS {COLOURS})", made.standing)
    write(connection, findings, into / "findings.parquet")
    connection.execute(FINDINGS.format(folder=quoted(into)))
    # A snapshot's persons are numbered without gaps: an array of them groups in half the time.
    connection.execute(f"SET perfect_ht_threshold = {DENSE}")
    write(connection, standing, into / "standings.parquet")
    connection.execute("RESET perfect_ht_threshold")


def lay_leaves(
    connection: duckdb.DuckDBPyConnection,
    of_kind: Callable[[Kind], str] = lambda kind: f"(FROM facts WHERE kind = '{kind}')",
) -> None:
    """Lay a leaf for each kind over its facts; unless stated, those of a relation `facts`."""
    for kind in Kind:
        relation = dated("duckdb", of_kind(kind))
        connection.execute(f"CREATE OR REPLACE VIEW dated_{kind} AS {relation}")


def keep_openers(connection: duckdb.DuckDBPyConnection, openers: str | None) -> None:
    """Keep in a table what `findings` stands on beside the leaves, if a rulebook needs it."""
    if openers is not None:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE openers AS {openers}")


def facts(snapshot: Path) -> str:
    """The facts of a snapshot, of all kinds."""
    return " UNION ALL ".join(_of_kind(snapshot, kind) for kind in Kind)


def _of_kind(snapshot: Path, kind: Kind) -> str:
    """The facts of a kind; read as one partitioned relation they take three times as long."""
    folder = snapshot / "facts" / f"kind={kind}"
    read = FACTS_OF_A_KIND.format(kind=kind, folder=quoted(folder))
    return read if folder.is_dir() else NO_FACTS


def write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write what a query gives as Parquet."""
    connection.execute(f"COPY ({query}) TO '{quoted(target)}' ({WRITTEN})")


def reading(path: Path) -> str:
    """What a query says to read this Parquet: a file, or a folder as Spark writes it."""
    return f"read_parquet('{quoted(path / '*.parquet' if path.is_dir() else path)}')"


def quoted(path: Path) -> str:
    """A path inside a quoted text."""
    return str(path).replace("'", "''")
