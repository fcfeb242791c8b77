"""Whether a rulebook keeps its examples, on the engine that judges everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import duckdb
import ibis

from healthcode.kit.words import Words
from healthcode.rulebook import expression
from healthcode.rulebook.checking.faults import Fault
from healthcode.rulebook.checking.reading import KNOWN, Read, Row, read
from healthcode.rulebook.engines import duck, texts
from healthcode.rulebook.terms import Colour, Example, Rulebook

MOMENTS = {"asked": "int64", "of": "int64", "at": "timestamp"}
TABLES = {
    "facts": expression.FACTS,
    "designations": expression.DESIGNATIONS,
    "moments": MOMENTS,
}
TYPES = {"int64": "BIGINT", "string": "VARCHAR", "boolean": "BOOLEAN"}  # others are called alike


@dataclass(frozen=True, slots=True)
class Asked:
    """An example, and where it stands."""

    where: str
    example: Example
    rows: Read


def not_kept(rulebook: Rulebook) -> Iterator[Fault]:
    """Every example that cannot be read, or for which the rulebook gives another colour."""
    asked: list[Asked] = []
    for rule in rulebook.rules:
        for example in rule.examples:
            each = Asked(f'rules.{rule.id}.examples "{example.title}"', example, read(example))
            yield from (Fault(each.where, words) for words in each.rows.wrong)
            if not each.rows.wrong:
                asked.append(each)
    if not asked:
        return
    with duck.connected(threads=1) as connection:
        for name, columns in TABLES.items():
            typed = ", ".join(f'"{column}" {TYPES.get(of, of)}' for column, of in columns.items())
            connection.execute(f"CREATE TABLE {name} ({typed})")
        duck.lay_leaves(connection)
        found = _colours(connection, _statement(rulebook), asked)
    for number, each in enumerate(asked):
        given = {
            text: Colour(found.get((number, text)) or rulebook.undeclared)
            for text in each.example.colours
        }
        if given != each.example.colours:
            yield Fault(each.where, _different(each.example.colours, given))


def _different(expected: Mapping[str, Colour], given: Mapping[str, Colour]) -> Words:
    differ = [text for text, colour in expected.items() if given[text] is not colour]
    zh = "；".join(f"{at} 应为 {expected[at].value}，结果为 {given[at].value}" for at in differ)
    en = "; ".join(
        f"at {at} it expects {expected[at].value} and gets {given[at].value}" for at in differ
    )
    return Words(
        zh=f"{zh}。请核对规则，或修改示例。", en=f"{en}. Change the rules, or what it expects."
    )


def _colours(
    connection: duckdb.DuckDBPyConnection, statement: str, asked: list[Asked]
) -> dict[tuple[int, str], str]:
    """The colour at every moment of every example; none where no window is active.

    A designation reaches everybody, so an example that has some is asked alone.
    """
    numbered = list(enumerate(asked))
    together = [each for each in numbered if not each[1].rows.designations]
    alone = [[each] for each in numbered if each[1].rows.designations]
    found: dict[tuple[int, str], str] = {}
    for some in (together, *alone):
        moments = [(number, text) for number, each in some for text in each.rows.moments]
        _put(connection, some)
        colours = connection.execute(statement).fetchall()
        found |= {moments[place]: colour for place, colour in colours}
    return found


def _put(connection: duckdb.DuckDBPyConnection, some: Iterable[tuple[int, Asked]]) -> None:
    """Each example is a person of its own, and each of its moments a row of `moments`."""
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    for person, each in some:
        for fact in each.rows.facts:
            rows["facts"].append(fact | {"person": person, "fact": len(rows["facts"])})
        rows["designations"] += each.rows.designations
        for at in each.rows.moments.values():
            rows["moments"].append({"asked": len(rows["moments"]), "of": person, "at": at})
    for name, columns in TABLES.items():
        connection.execute(f"DELETE FROM {name}")
        if rows[name]:
            line = f"({', '.join('?' * len(columns))})"
            values = [row[column] for row in rows[name] for column in columns]
            places = ", ".join([line] * len(rows[name]))
            connection.execute(f"INSERT INTO {name} VALUES {places}", values)


def _statement(rulebook: Rulebook) -> str:
    """The colour at every moment that is asked for: a moment of a person stands for a person."""
    moments = ibis.table(MOMENTS, name="moments")
    facts = texts.leaf("duckdb")
    openers = expression.openers(facts, texts.DESIGNATIONS, rulebook, KNOWN)
    if openers is None:
        openers = texts.OPENERS
    found = expression.findings(facts, texts.DESIGNATIONS, openers, rulebook, KNOWN)
    each = found.join(moments, found.person == moments.of)
    each = each.select(
        *(found[name] for name in expression.FINDINGS if name != "person"),
        moments.at,
        person=moments.asked,
    )
    standing = expression.standing(each, each.at).select("person", "colour")
    return str(ibis.to_sql(standing, dialect="duckdb"))
