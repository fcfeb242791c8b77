"""Facts as those who judge person by person want them: grouped by person, and by kind.

DuckDB groups the snapshot's Parquet and writes a JSON object for each person; that is quicker than
any loop in Python. A person is `{kind: [fact, …]}`, and a fact has only what the rulebook asks of
its kind. Times are whole microseconds since 1970 in UTC, `NEVER` where none has come. `covered`
lists the designations that cover a fact's area or place, whatever their time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import duckdb

from bench.snapshots import Snapshot
from healthcode.rulebook.terms import Pattern, Rule, Rulebook

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SHANGHAI = 8 * HOUR
NEVER = 4_000_000_000_000_000_000
"""Later than any time that can be written, and far enough from the last whole number of 64 bits."""
GOING = NEVER // 2
"""A time at or after it is `NEVER`, perhaps moved by some days."""

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a snapshot's times have no zone

HOW = {
    "started": "epoch_us(started)",
    "ended": f"coalesce(epoch_us(ended), {NEVER})",
    "number": "number::DOUBLE",
}


def microseconds(moment: datetime) -> int:
    """A naive moment in UTC as whole microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(since_1970: int) -> datetime | None:
    """Whole microseconds as a naive moment in UTC; None from `GOING` on."""
    return None if since_1970 >= GOING else EPOCH + timedelta(microseconds=since_1970)


def texts(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, first: int, last: int
) -> Iterator[tuple[int, str]]:
    """Everybody from `first` to `last` who has facts that count: person, and JSON."""
    known_at = f"TIMESTAMP '{snapshot.known_at.isoformat(sep=' ')}'"
    known = f"recorded <= {known_at} AND (retracted IS NULL OR retracted > {known_at})"
    of_kinds = []
    for kind, columns in asked_of(snapshot.rulebook).items():
        folder = snapshot.facts_of(kind)
        if folder is None:
            continue
        rows = f"(SELECT * FROM read_parquet('{folder}/*.parquet') WHERE {known}"
        rows += f" AND person BETWEEN {first} AND {last}) AS fact"
        packed = ", ".join(f"{name} := {HOW.get(name, name)}" for name in sorted(columns))
        if "covered" in columns:
            _cover(connection, snapshot, known, kind, rows)
            rows += f" LEFT JOIN covering_{kind} USING (area, place)"
        of_kinds.append(
            f"SELECT person, '\"{kind}\":[' || "
            f"string_agg(to_json(struct_pack({packed}))::VARCHAR, ',') || ']' AS facts "
            f"FROM {rows} GROUP BY person"
        )
    if of_kinds:
        connection.execute(
            "SELECT person, '{' || string_agg(facts, ',') || '}' "
            f"FROM ({' UNION ALL '.join(of_kinds)}) GROUP BY person"
        )
        while rows_read := connection.fetchmany(10_000):
            yield from rows_read


def _cover(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, known: str, kind: str, rows: str
) -> None:
    """Make the table `covering_<kind>`: for an area and a place, the designations of them."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE covering_{kind} AS
        SELECT w.area, w.place, list(struct_pack(
            level := d.level, started := epoch_us(d.started),
            ended := coalesce(epoch_us(d.ended), {NEVER}),
            area := d.area <> '' AND starts_with(w.area, d.area),
            place := d.place <> '' AND w.place = d.place)) AS covered
        FROM (SELECT DISTINCT area, place FROM {rows}) AS w
        JOIN (FROM read_parquet('{snapshot.folder}/designations.parquet') WHERE {known}) AS d
            ON (d.area <> '' AND starts_with(w.area, d.area))
            OR (d.place <> '' AND w.place = d.place)
        GROUP BY ALL
    """)


def asked_of(rulebook: Rulebook) -> dict[str, set[str]]:
    """Which columns of which kinds the rulebook's rules ask for."""
    asked: defaultdict[str, set[str]] = defaultdict(lambda: {"started"})
    for rule in rulebook.rules:
        asked[rule.when.kind] |= _of_pattern(rule.when) | _of_windows(rule)
        for end in rule.early_ends:
            asked[end.when.kind] |= {"fact", "ended", "source_class"} | _of_pattern(end.when)
            if end.same_source:
                asked[end.when.kind].add("source")
    return dict(asked)


def _of_pattern(pattern: Pattern) -> set[str]:
    return _stated(
        result=pattern.result,
        source_class=pattern.sources,
        number=pattern.number,
        area=pattern.inside or pattern.outside,
    )


def _of_windows(rule: Rule) -> set[str]:
    until = rule.window.until
    from_the_end = [end.after.edge == "end" for end in rule.early_ends]
    from_the_end.append(until.moment is not None and until.moment.edge == "end")
    return _stated(
        covered=rule.when.under,
        ended=rule.when.under or until.own_end or any(from_the_end),
        states_end=until.own_end,
        fact=any(end.when.kind == rule.when.kind for end in rule.early_ends),
        source=any(end.same_source for end in rule.early_ends),
    )


def _stated(**columns: object) -> set[str]:
    return {name for name, stated in columns.items() if stated}
