"""Looking a rulebook over before anybody is asked to agree to it.

What the language itself refuses (`terms`) never comes here. These are rules that can never count,
names that would be mistaken for one another, and examples that the rulebook does not keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

import duckdb
import ibis
import pyarrow as pa

from healthcode.kit.clock import SHANGHAI
from healthcode.kit.words import Words
from healthcode.places import kept_code
from healthcode.rulebook import expression
from healthcode.rulebook.engines import duck, texts
from healthcode.rulebook.terms import (
    SEVERITY,
    Colour,
    Duration,
    EarlyEnd,
    Example,
    Numbers,
    Pattern,
    Rule,
    Rulebook,
)

KNOWN = datetime(2020, 1, 1)  # noqa: DTZ001 - leaves have no zone
"""When the facts of examples were recorded, and what is asked for: all of it is known."""

MOMENTS = {"asked": "int64", "of": "int64", "at": "timestamp"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a rulebook, and where: `rules.O1`, `rules.O1.examples`."""

    where: str
    words: Words


def faults(rulebook: Rulebook) -> list[Fault]:
    """Everything that is wrong with a rulebook that fits the language."""
    return [*_alike(rulebook), *_unreachable(rulebook), *_examples(rulebook)]


def _alike(rulebook: Rulebook) -> Iterator[Fault]:
    """Two ids that a person on the telephone would take for one."""
    for one, other in combinations(rulebook.rules, 2):
        if _spoken(one.id) == _spoken(other.id):
            said = f"{one.id}, {other.id}"
            yield Fault(
                f"rules.{other.id}",
                Words(
                    zh=f"编号过于相似，容易混淆：{said}。请改用不同的编号。",
                    en=f"These ids are too much alike to tell apart: {said}. Choose another.",
                ),
            )


def _spoken(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


def _unreachable(rulebook: Rulebook) -> Iterator[Fault]:
    for place, rule in enumerate(rulebook.rules):
        where = f"rules.{rule.id}"
        if _impossible(rule.when):
            yield Fault(
                where,
                Words(
                    zh="没有任何事实能同时满足触发条件，此规则永远不会生效。",
                    en="No fact can meet all of its conditions: the rule can never count.",
                ),
            )
        if _never_opens(rule):
            yield Fault(
                where,
                Words(
                    zh="窗口在开始之前就已结束，此规则永远不会生效。",
                    en="Its window ends before it opens: the rule can never count.",
                ),
            )
        for other in rulebook.rules[:place] + rulebook.rules[place + 1 :]:
            if _hides(other, rule) and not (_hides(rule, other) and other.id > rule.id):
                yield Fault(
                    where,
                    Words(
                        zh=f"规则 {other.id} 总是给出同样或更严的颜色，"
                        "此规则不会改变任何人的颜色。",
                        en=f"{other.id} always gives the same colour or a more severe one for as "
                        "long: the rule changes nobody's colour.",
                    ),
                )
                break
        for number, end in enumerate(rule.early_ends):
            if _impossible(end.when) or not _may_release(rule, end):
                yield Fault(
                    f"{where}.early_ends.{number}",
                    Words(
                        zh="没有任何事实能满足此提前结束条件（请核对 sources 与 released_by）。",
                        en="No fact can meet this early end: compare its `sources` with "
                        "`released_by`.",
                    ),
                )


def _impossible(pattern: Pattern) -> bool:
    inside, outside = pattern.inside, pattern.outside
    nowhere = inside is not None and outside is not None and inside.startswith(outside)
    return nowhere or (pattern.number is not None and _no_number(pattern.number))


def _no_number(bounds: Numbers) -> bool:
    """Whether no number with three decimals lies between the bounds."""
    step = Decimal("0.001")
    least = [each for each in (bounds.at_least, _plus(bounds.above, step)) if each is not None]
    most = [each for each in (bounds.at_most, _plus(bounds.below, -step)) if each is not None]
    return bool(least and most) and max(least) > min(most)


def _plus(bound: Decimal | None, step: Decimal) -> Decimal | None:
    return None if bound is None else bound + step


def _minutes(duration: Duration) -> int:
    return duration.count * {"d": 24 * 60, "h": 60, "m": 1}[duration.unit]


def _never_opens(rule: Rule) -> bool:
    """Whether even a day's rounding leaves nothing of the window, whatever the fact."""
    until = rule.window.until
    if until.own_end or until.moment is None or until.moment.edge == "end":
        return False
    opens = rule.window.opens.plus
    if opens.unit == until.moment.plus.unit == "d":
        return until.moment.plus.count <= opens.count
    rounding = 24 * 60 if opens.unit == "d" else 0
    return _minutes(until.moment.plus) <= _minutes(opens) - rounding


def _may_release(rule: Rule, end: EarlyEnd) -> bool:
    return not end.when.sources or not set(end.when.sources).isdisjoint(rule.released_by)


def _hides(other: Rule, rule: Rule) -> bool:
    """Whether whoever this rule colours has at least that colour from the other, for as long."""
    return (
        SEVERITY[other.colour] >= SEVERITY[rule.colour]
        and not other.early_ends
        and _covers(other.when, rule.when)
        and (other.when.under is None or other.when.under == rule.when.under)
        and other.window.opens in {rule.window.opens, type(rule.window.opens)("start")}
        and (
            other.window.until == rule.window.until
            or (other.window.until.moment is None and not other.window.until.own_end)
        )
    )


def _covers(wide: Pattern, narrow: Pattern) -> bool:
    """Whether every fact of the narrow pattern is one of the wide one."""
    return (
        wide.kind == narrow.kind
        and (not wide.result or (bool(narrow.result) and set(narrow.result) <= set(wide.result)))
        and (
            not wide.sources or (bool(narrow.sources) and set(narrow.sources) <= set(wide.sources))
        )
        and wide.number in {None, narrow.number}
        and (wide.inside is None or (narrow.inside or "").startswith(wide.inside))
        and (wide.outside is None or wide.outside == narrow.outside)
    )


def _examples(rulebook: Rulebook) -> Iterator[Fault]:
    """Run every example on the rulebook, on the engine that judges everybody."""
    examples = [(rule.id, example) for rule in rulebook.rules for example in rule.examples]
    read: list[tuple[str, Example, Facts, Facts]] = []
    for name, example in examples:
        try:
            read.append((name, example, _facts(example), _designations(example)))
        except ValueError as error:
            yield _fault(name, example, f"{error}", f"{error}")
    # A designation reaches everybody: an example that has some is asked alone.
    together = [each for each in read if not each[3]]
    statement = _standings(rulebook)
    with duck.connected(threads=1) as connection:
        for some in (together, *([each] for each in read if each[3])):
            yield from _kept(connection, statement, rulebook.undeclared, some)


Facts = list[dict[str, object]]


def _kept(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    undeclared: Colour,
    examples: Sequence[tuple[str, Example, Facts, Facts]],
) -> Iterator[Fault]:
    """Which of these examples, each about a person of its own, the rulebook does not keep."""
    known, designated, moments = Facts(), Facts(), Facts()
    asked: list[tuple[str, Example, str]] = []
    for person, (name, example, facts, designations) in enumerate(examples):
        known += [each | {"person": person, "fact": len(known) + n} for n, each in enumerate(facts)]
        designated += designations
        for moment in example.colours:
            moments.append({"asked": len(asked), "of": person, "at": _instant(moment)})
            asked.append((name, example, moment))
    for what, columns, rows in (
        ("facts", expression.FACTS, known),
        ("designations", expression.DESIGNATIONS, designated),
        ("moments", MOMENTS, moments),
    ):
        schema = ibis.schema(columns).to_pyarrow()
        connection.register(f"{what}_read", pa.Table.from_pylist(rows, schema))
        connection.execute(f"CREATE OR REPLACE TABLE {what} AS FROM {what}_read")
    connection.execute(f"CREATE OR REPLACE VIEW dated AS {texts.dated('duckdb')}")
    colours = dict(connection.execute(statement).fetchall())
    for number, (name, example, moment) in enumerate(asked):
        found = Colour(colours.get(number) or undeclared)
        if found is not example.colours[moment]:
            expected = example.colours[moment].value
            yield _fault(
                name,
                example,
                f"{moment} 应为 {expected}，结果为 {found.value}",
                f"at {moment} it expects {expected} and gets {found.value}",
            )


def _standings(rulebook: Rulebook) -> str:
    """The colour at every moment that is asked for: a moment of a person stands for a person."""
    moments = ibis.table(MOMENTS, name="moments")
    openers = expression.openers(texts.DATED, texts.DESIGNATIONS, rulebook, KNOWN)
    if openers is None:
        openers = texts.OPENERS
    found = expression.findings(texts.DATED, texts.DESIGNATIONS, openers, rulebook, KNOWN)
    each = found.join(moments, found.person == moments.of)
    each = each.select(
        *(found[name] for name in expression.FINDINGS if name != "person"),
        moments.at,
        person=moments.asked,
    )
    standing = expression.standing(each, each.at).select("person", "colour")
    return str(ibis.to_sql(standing, dialect="duckdb"))


def _fault(rule: str, example: Example, zh: str, en: str) -> Fault:
    return Fault(
        f"rules.{rule}.examples",
        Words(zh=f"示例“{example.title}”：{zh}。", en=f"Example “{example.title}”: {en}."),
    )


def _facts(example: Example) -> Facts:
    return [
        {
            "kind": fact.kind.value,
            "result": fact.result,
            "number": fact.number,
            "area": kept_code(fact.area),
            "place": fact.place,
            "source": fact.source.value,
            "source_class": fact.source.value,
            "started": _instant(fact.started_at),
            "ended": _end(fact.ended_at) if fact.ended_at else _instant(fact.started_at),
            "states_end": bool(fact.ended_at),
            "recorded": KNOWN,
        }
        for fact in example.facts
    ]


def _designations(example: Example) -> Facts:
    return [
        {
            "level": each.level.value,
            "area": kept_code(each.area),
            "place": each.place,
            "started": _instant(each.started_at),
            "ended": _end(each.ended_at) if each.ended_at else None,
            "recorded": KNOWN,
        }
        for each in example.designations
    ]


def _end(text: str) -> datetime | None:
    return None if text == "infinity" else _instant(text)


def _instant(text: str) -> datetime:
    """A local time as an official writes it, in UTC without a zone. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return (
        (read if read.tzinfo else read.replace(tzinfo=SHANGHAI))
        .astimezone(UTC)
        .replace(tzinfo=None)
    )
