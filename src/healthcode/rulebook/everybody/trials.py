"""Trying a draft on everybody: who would change from which colour to which, and why.

A trial reads a snapshot and changes nothing. Its examples have keys of the trial's own.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from healthcode.evidence import Kind, SourceClass
from healthcode.rulebook.actions import naive
from healthcode.rulebook.engines import duck, spark
from healthcode.rulebook.everybody.snapshots import Snapshot
from healthcode.rulebook.terms import SEVERITY, Colour, Rulebook

MOST_EXAMPLES = 100
DUCKDB = "duckdb"
STEPS = 5

Progress = Callable[[str, int, int], None]
Judge = Callable[[Path, Rulebook, datetime, datetime, Path], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """How many people of a district go from a colour to a colour; also those who stay."""

    district: str
    before: Colour
    after: Colour
    people: int


@dataclass(frozen=True, slots=True)
class RuleTurn:
    """How many people change on account of a rule.

    That of the draft where they come to a more severe colour, else the binding rulebook's whose
    colour they leave; "" where it is that a declaration is or is no longer asked for. Somebody with
    several such rules counts for each.
    """

    rule: str
    before: Colour
    after: Colour
    people: int


@dataclass(frozen=True, slots=True)
class Held:
    """How many people have an active finding of a rule, under each of the rulebooks."""

    rule: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Ground:
    """One active finding: its rule, and the fact that it rests on."""

    rule: str
    colour: Colour
    kind: Kind
    started_at: datetime
    ended_at: datetime | None  # None: still going on
    source_class: SourceClass
    opens: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody who would change, under a key that means nothing elsewhere."""

    key: str
    district: str
    before: Colour
    after: Colour
    was: tuple[Ground, ...]
    would_be: tuple[Ground, ...]


@dataclass(frozen=True)
class Trial:
    """What a draft would do to everybody at a moment, beside the rulebook that binds."""

    binding: Rulebook
    draft: Rulebook
    at: datetime
    known_at: datetime
    people: int
    turns: tuple[Turn, ...]
    rule_turns: tuple[RuleTurn, ...]
    held: tuple[Held, ...]
    examples: tuple[Example, ...]

    def matrix(self, district: str | None = None) -> dict[tuple[Colour, Colour], int]:
        """People from colour to colour, in a district or in all."""
        counted: dict[tuple[Colour, Colour], int] = {}
        for turn in self.turns:
            if district in {None, turn.district}:
                pair = (turn.before, turn.after)
                counted[pair] = counted.get(pair, 0) + turn.people
        return counted

    @property
    def changed(self) -> int:
        """How many people would show another colour."""
        return sum(turn.people for turn in self.turns if turn.before != turn.after)


def try_draft(
    snapshot: Snapshot,
    draft: Rulebook,
    *,
    binding: Rulebook | None = None,
    at: datetime | None = None,
    engine: str = DUCKDB,
    progress: Progress = lambda _doing, _done, _of: None,
) -> Trial:
    """Judge everybody of a snapshot twice, by the binding rulebook and by a draft, and compare.

    `at` is the moment of the snapshot unless stated; `engine` is `duckdb` or the address of a Spark
    master. Raises NoSpark.
    """
    binding = binding or snapshot.rulebook
    at = at or snapshot.taken_at
    moments = naive(at), naive(snapshot.known_at)
    with (
        tempfile.TemporaryDirectory(prefix="healthcode-trial-") as folder,
        duck.connected() as connection,
    ):
        judge = _engine(engine, connection)
        sides = {"before": binding, "after": draft}
        for step, (side, rulebook) in enumerate(sides.items()):
            progress("judge", step, STEPS)
            judge(snapshot.folder, rulebook, *moments, Path(folder) / side)
        progress("judge", 2, STEPS)
        _compare(connection, snapshot, Path(folder), sides, moments[0])
        turns = _turns(connection)
        progress("judge", 3, STEPS)
        made = Trial(
            binding,
            draft,
            at,
            snapshot.known_at,
            snapshot.people,
            turns,
            _rule_turns(connection),
            _held(connection),
            _examples(connection, snapshot),
        )
        progress("judge", STEPS, STEPS)
        return made


def _engine(name: str, connection: duckdb.DuckDBPyConnection) -> Judge:
    if name == DUCKDB:
        return lambda *asked: duck.judge(connection, *asked)
    session = spark.session(name)
    return lambda *asked: spark.judge(session, *asked)


# Severity as a number that both languages of a comparison know.
_RANK = " ".join(f"WHEN '{colour}' THEN {rank}" for colour, rank in SEVERITY.items())


def _compare(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    folder: Path,
    sides: Mapping[str, Rulebook],
    at: datetime,
) -> None:
    """Make `compared` (everybody, counted), `changed` (who changes) and the active findings."""
    for side in sides:
        for what in ("findings", "standings"):
            read = duck.reading(folder / side / f"{what}.parquet")
            connection.execute(f"CREATE VIEW {what}_{side} AS SELECT * FROM {read}")
    people = duck.reading(snapshot.folder / "people.parquet")
    before, after = (rulebook.undeclared.value for rulebook in sides.values())
    connection.execute(f"""
        CREATE VIEW everybody AS
        SELECT p.person, left(p.residence, 6) AS district,
               coalesce(b.colour, '{before}') AS before, coalesce(a.colour, '{after}') AS after
        FROM {people} p
        LEFT JOIN standings_before b USING (person) LEFT JOIN standings_after a USING (person)
    """)
    connection.execute("""
        CREATE TABLE counted AS
        SELECT district, before, after, count(*) AS people FROM everybody GROUP BY ALL
    """)
    connection.execute("CREATE TABLE changed AS FROM everybody WHERE before <> after")
    for side in sides:
        connection.execute(
            f"""
            CREATE VIEW active_{side} AS
            SELECT person, rule, fact, colour, opens, until FROM findings_{side}
            WHERE opens <= TIMESTAMP '{at}' AND (until IS NULL OR until > TIMESTAMP '{at}')
            """
        )


def _turns(connection: duckdb.DuckDBPyConnection) -> tuple[Turn, ...]:
    rows = connection.execute("SELECT * FROM counted ORDER BY district, before, after").fetchall()
    return tuple(Turn(where, Colour(b), Colour(a), people) for where, b, a, people in rows)


def _rule_turns(connection: duckdb.DuckDBPyConnection) -> tuple[RuleTurn, ...]:
    rows = connection.execute(f"""
        WITH ranked AS (
            SELECT person, before, after,
                   CASE after {_RANK} END > CASE before {_RANK} END AS worse FROM changed
        ), grounds AS (
            SELECT c.person, c.before, c.after, f.rule FROM ranked c
            LEFT JOIN active_after f ON f.person = c.person AND f.colour = c.after WHERE c.worse
            UNION
            SELECT c.person, c.before, c.after, f.rule FROM ranked c
            LEFT JOIN active_before f ON f.person = c.person AND f.colour = c.before
            WHERE NOT c.worse
        )
        SELECT coalesce(rule, ''), before, after, count(*) FROM grounds
        GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3
    """).fetchall()
    return tuple(RuleTurn(rule, Colour(b), Colour(a), people) for rule, b, a, people in rows)


def _held(connection: duckdb.DuckDBPyConnection) -> tuple[Held, ...]:
    rows = connection.execute("""
        SELECT coalesce(b.rule, a.rule), coalesce(b.people, 0), coalesce(a.people, 0)
        FROM (SELECT rule, count(DISTINCT person) AS people FROM active_before GROUP BY rule) b
        FULL JOIN (SELECT rule, count(DISTINCT person) AS people FROM active_after GROUP BY rule) a
            ON a.rule = b.rule
        ORDER BY 1
    """).fetchall()
    return tuple(Held(*row) for row in rows)


def _examples(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> tuple[Example, ...]:
    """Up to a hundred who change, some of each change, drawn by the trial's own salt."""
    connection.execute(
        """
        CREATE TABLE chosen AS
        SELECT * FROM changed
        QUALIFY row_number() OVER (PARTITION BY before, after ORDER BY hash(person, $salt))
                <= $most
        ORDER BY row_number() OVER (PARTITION BY before, after ORDER BY hash(person, $salt)),
                 before, after
        LIMIT $most
        """,
        {"salt": secrets.token_hex(8), "most": MOST_EXAMPLES},
    )
    connection.execute(f"CREATE OR REPLACE VIEW facts AS {duck.facts(snapshot.folder)}")
    grounds = _grounds(connection)
    rows = connection.execute(
        "SELECT person, district, before, after FROM chosen ORDER BY before, after, district"
    ).fetchall()
    return tuple(
        Example(
            secrets.token_hex(4),
            district,
            Colour(before),
            Colour(after),
            tuple(grounds.get((person, "before"), ())),
            tuple(grounds.get((person, "after"), ())),
        )
        for person, district, before, after in rows
    )


def _grounds(connection: duckdb.DuckDBPyConnection) -> dict[tuple[int, str], list[Ground]]:
    """What the colours of those chosen rest on; beside orange or red, green only confuses."""
    theirs = " UNION ALL ".join(
        f"""
        SELECT f.*, '{side}' AS side FROM active_{side} f JOIN chosen USING (person)
        WHERE f.colour <> 'green' OR chosen.{side} = 'green'
        """
        for side in ("before", "after")
    )
    connection.execute(f"CREATE TABLE theirs AS {theirs}")
    rows = connection.execute(f"""
        SELECT t.person, t.side, t.rule, t.colour, f.kind, f.started, f.ended, f.source_class,
               t.opens, t.until
        FROM theirs t JOIN facts f USING (fact)
        ORDER BY CASE t.colour {_RANK} END DESC, t.opens, t.rule, t.fact
    """).fetchall()
    found: dict[tuple[int, str], list[Ground]] = {}
    for person, side, rule, colour, kind, started, ended, source_class, opens, until in rows:
        times = [each and each.replace(tzinfo=UTC) for each in (started, ended, opens, until)]
        found.setdefault((person, side), []).append(
            Ground(
                rule,
                Colour(colour),
                Kind(kind),
                times[0],
                times[1],
                SourceClass(source_class),
                times[2],
                times[3],
            )
        )
    return found
