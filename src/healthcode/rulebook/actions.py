"""What may happen to colours: they follow from the evidence, and nothing else writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
import yaml
from pydantic import ValidationError

from healthcode.evidence import Designated, Recorded, last_recorded
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput, NotReady
from healthcode.kit.files import read_yaml
from healthcode.kit.words import Words
from healthcode.rulebook import functions, queries
from healthcode.rulebook.reaching import reached
from healthcode.rulebook.supposing import WhatIf
from healthcode.rulebook.tables import rulebooks
from healthcode.rulebook.terms import (
    Colour,
    Comparison,
    Finding,
    Rulebook,
    Standing,
    StandingChanged,
)

AT_ONCE = 1000  # people a listener reassesses in the publisher's transaction; more is a job's
REASSESS = "rulebook.reassess"
REASSESS_DUE = "rulebook.reassess_due"
COMPARE = "rulebook.compare"
FORGET_SNAPSHOTS = "rulebook.forget_snapshots"
COMPILER = "3"  # raise it when `expression.py` or `functions.py` make other statements
NOW = "infinity"  # known at: whatever this transaction can see
AS_IT_IS = WhatIf()


class BadRulebook(BadInput):
    """A rulebook that does not fit the language."""

    words = Words(zh="规则手册有误：{where}：{what}", en="The rulebook is wrong at {where}: {what}")


class NoRulebook(NotReady):
    """No rulebook is installed."""

    words = Words(
        zh="尚未安装规则手册。请先运行 healthcode migrate。",
        en="No rulebook is installed yet. Run `healthcode migrate` first.",
    )


class Shipped(StrEnum):
    """What became of the shipped rulebook."""

    INSTALLED = "installed"
    PRESENT = "present"
    WAITS = "waits"  # it says something else than what is published, and binds nobody


@dataclass(frozen=True)
class Binding:
    """A rulebook with its stored statements."""

    key: int
    rulebook: Rulebook
    findings_sql: str
    standing_sql: str


@dataclass(frozen=True)
class Judgement:
    """A person's colour at a moment, as known at another, and everything it rests on."""

    standing: Standing
    findings: tuple[Finding, ...]
    rulebook: Rulebook
    at: datetime
    known_at: datetime | None


def read_rulebook(text: str) -> Rulebook:
    """A rulebook from its YAML. Raises BadRulebook, which says where and what."""
    try:
        return Rulebook.model_validate(read_yaml(text))
    except yaml.YAMLError as error:
        raise BadRulebook(where="YAML", what=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "rulebook"
        raise BadRulebook(where=where, what=first["msg"]) from error


def install(transaction: Transaction, text: str) -> Shipped:
    """Install the shipped rulebook from its YAML: it binds from the beginning of time.

    Where one is installed already it goes on binding, whatever the file says by now: nobody
    publishes alone. Statements made by an older compiler are made anew. Raises BadRulebook.
    """
    rulebook = read_rulebook(text)
    found = transaction.run(queries.FIRST).one_or_none()
    if found is None:
        transaction.run(queries.LOCK_RULEBOOKS)  # of two processes at once, one enacts it
        found = transaction.run(queries.FIRST).one_or_none()
    if found is None:
        enact(transaction, rulebook)
        return Shipped.INSTALLED
    if found.compiler != COMPILER:
        transaction.run(queries.LOCK_RULEBOOKS)
        for each in transaction.run(queries.ALL).all():
            parsed = _parsed(each.body)
            statements = statements_of(parsed)
            changed = sa.update(rulebooks).where(rulebooks.c.rulebook == each.rulebook)
            transaction.run(changed.values(**statements))
            _make_functions(transaction, each.rulebook, parsed, statements)
    same = bytes(found.digest) == digest_of(rulebook)
    return Shipped.PRESENT if same else Shipped.WAITS


def enact(
    transaction: Transaction,
    rulebook: Rulebook,
    *,
    binds_from: datetime | None = None,
    statements: Mapping[str, str] | None = None,
) -> int:
    """Keep a rulebook that binds from a moment, or from the beginning; its key.

    It is compiled here, unless it comes with its statements.
    """
    statements = statements or statements_of(rulebook)
    made = transaction.run(
        sa.insert(rulebooks)
        .returning(rulebooks.c.rulebook)
        .values(
            name=rulebook.name,
            version=rulebook.version,
            digest=digest_of(rulebook),
            body=body_of(rulebook),
            binds_from=binds_from or sa.text("'-infinity'"),
            **statements,
        )
    )
    key = int(made.scalar_one())
    _make_functions(transaction, key, rulebook, statements)
    return key


def _make_functions(
    transaction: Transaction, key: int, rulebook: Rulebook, statements: Mapping[str, str]
) -> None:
    """Make the functions of a rulebook, or make them anew."""
    texts = (statements["findings_sql"], statements["standing_sql"])
    for each in functions.made_with(key, rulebook, *texts):
        transaction.connection.exec_driver_sql(each)


def body_of(rulebook: Rulebook) -> dict[str, object]:
    """What a rulebook says, as plain data."""
    return rulebook.model_dump(mode="json", by_alias=True)


def digest_of(rulebook: Rulebook) -> bytes:
    """SHA-256 of what a rulebook says, however its file was written."""
    return hashlib.sha256(json.dumps(body_of(rulebook), sort_keys=True).encode()).digest()


def statements_of(rulebook: Rulebook) -> dict[str, str]:
    """A rulebook compiled, as `rulebooks` keeps it. Takes about a second."""
    from healthcode.rulebook.compiling import (  # noqa: PLC0415 - Ibis takes a second to import
        compile_rulebook,
    )

    compiled = compile_rulebook(rulebook)
    return {
        "findings_sql": compiled.findings,
        "standing_sql": compiled.standing,
        "compiler": COMPILER,
    }


def binding_at(transaction: Transaction, at: datetime) -> Binding:
    """The rulebook that binds at a moment. Raises NoRulebook."""
    return _bound(transaction.run(queries.BINDING, {"at": at}).one_or_none())


def in_force(transaction: Transaction) -> Binding:
    """The rulebook by which standings are written: the one that binds now.

    Once the change of all standings to a rulebook has begun, it is in force for everybody, also
    for whoever began a moment before or on a machine whose clock is slow. Raises NoRulebook.
    """
    return _bound(transaction.run(queries.IN_FORCE, {"at": transaction.now}).one_or_none())


def key_in_force(transaction: Transaction) -> int:
    """The key of that rulebook: its functions have it in their names. Raises NoRulebook."""
    found = transaction.run(queries.KEY_IN_FORCE, {"at": transaction.now}).scalar()
    if found is None:
        raise NoRulebook
    return int(found)


def _bound(found: sa.Row[Any] | None) -> Binding:
    if found is None:
        raise NoRulebook
    rulebook = _parsed(found.body)
    return Binding(found.rulebook, rulebook, found.findings_sql, found.standing_sql)


@lru_cache(maxsize=8)
def _parsed(body: str) -> Rulebook:
    """Parsing takes milliseconds, and every judgement needs it."""
    return Rulebook.model_validate_json(body)


def judge(
    transaction: Transaction,
    person: int,
    at: datetime | None = None,
    known_at: datetime | None = None,
    *,
    what_if: WhatIf = AS_IT_IS,
) -> Judgement:
    """The colour of a person at `at` (now), as known at `known_at` (now), with its findings.

    *Now* is the highest committed `recorded_at`: asked again for that moment, the answer is the
    same for ever. What this transaction itself has recorded and not committed does not count yet.
    """
    at = at or transaction.now
    latest = last_recorded(transaction)
    known_at = min(filter(None, (known_at, latest)), default=None)
    bound = binding_at(transaction, at)
    findings = findings_of(transaction, bound, person, known_at, what_if=what_if)
    statement = queries.standing_of_some(bound.findings_sql, bound.standing_sql, what_if.leaf)
    values = _asked(person, known_at, what_if) | {"at": naive(at)}
    standing = transaction.run(statement, values).one_or_none()
    return Judgement(
        Standing(
            person,
            Colour((standing and standing.colour) or bound.rulebook.undeclared),
            standing.changes_at if standing else None,
        ),
        findings,
        bound.rulebook,
        at,
        known_at,
    )


def findings_of(
    transaction: Transaction,
    bound: Binding,
    person: int,
    known_at: datetime | None,
    *,
    what_if: WhatIf = AS_IT_IS,
) -> tuple[Finding, ...]:
    """The findings of a person by a rulebook; `known_at` None is all that can be seen."""
    transaction.run(queries.GENERIC_PLANS)
    statement = queries.findings_of_some(bound.findings_sql, what_if.leaf)
    return tuple(
        Finding(row.person, row.rule, row.fact, Colour(row.colour), row.opens, row.until)
        for row in transaction.run(statement, _asked(person, known_at, what_if))
    )


def _asked(person: int, known_at: datetime | None, what_if: WhatIf) -> dict[str, object]:
    return {"persons": [person], "known_at": _known(known_at)} | what_if.values(person)


def colours_of_all(
    transaction: Transaction,
    bound: Binding,
    at: datetime,
    known_at: datetime,
    *,
    without_kinds: Sequence[str] = (),
) -> dict[int, Colour]:
    """The colour of everybody with an active finding, leaving facts of some kinds out."""
    rows = transaction.run(
        queries.standing_of_all(bound.findings_sql, bound.standing_sql),
        {"kinds": list(without_kinds), "known_at": _known(known_at), "at": naive(at)},
    )
    return {row.person: Colour(row.colour) for row in rows if row.colour is not None}


def reassess(transaction: Transaction, persons: Iterable[int]) -> None:
    """Replace the findings and the standing of these persons where they changed."""
    transaction.run(queries.HOLD_RULEBOOK)
    asked = {"persons": sorted(set(persons)), "moment": transaction.now}
    found = transaction.run(functions.reassess_by(key_in_force(transaction)), asked)
    turned = [(r.person, Colour(r.was), Colour(r.becomes)) for r in found if r.was != r.becomes]
    if turned:
        transaction.publish(StandingChanged(tuple(sorted(turned))))


def follow(transaction: Transaction, person: int) -> None:
    """Reassess a person whose stored standing is of another rulebook than the one in force.

    While a new one is making its way through the city, whoever is looked at follows first: a
    stored colour never stands beside the explanation of another rulebook.
    """
    values = {"person": person, "at": transaction.now}
    if transaction.run(queries.LEFT_BEHIND, values).first():
        reassess(transaction, [person])


def reassess_or_defer(transaction: Transaction, persons: Iterator[int]) -> None:
    """Reassess up to `AT_ONCE` people now; leave more to jobs of that size."""
    first = list(islice(persons, AT_ONCE + 1))
    if len(first) <= AT_ONCE:
        reassess(transaction, first)
        return
    while first:
        transaction.defer(REASSESS, persons=first[:AT_ONCE])
        first = first[AT_ONCE:] or list(islice(persons, AT_ONCE))


def on_recorded(transaction: Transaction, event: Recorded) -> None:
    """Something is known about these people: their colours follow."""
    reassess_or_defer(transaction, iter(event.persons))


def on_designated(transaction: Transaction, event: Designated) -> None:
    """An area or place was designated: whoever was there is judged anew."""
    rulebook = binding_at(transaction, transaction.now).rulebook
    persons = set(reached(transaction, rulebook, event))
    reassess_or_defer(transaction, iter(sorted(persons)))


def reassess_due(transaction: Transaction, most: int = AT_ONCE) -> int:
    """Reassess those whose standing can change by now; how many there were, at most `most`."""
    due = list(transaction.run(queries.DUE, {"at": transaction.now, "most": most}).scalars())
    if due:
        reassess(transaction, due)
    return len(due)


def count_colours(transaction: Transaction) -> dict[str, dict[Colour, int]]:
    """How many people have each colour now, by their stored standing: residence, colour, people.

    The residence is a kept code, "" where nobody said it.
    """
    undeclared = binding_at(transaction, transaction.now).rulebook.undeclared
    counts: dict[str, dict[Colour, int]] = {}
    for row in transaction.run(queries.COLOURS_BY_RESIDENCE, {"undeclared": undeclared.value}):
        colours = counts.setdefault(row.residence, dict.fromkeys(Colour, 0))
        colours[Colour(row.colour)] = row.people
    return counts


def last_comparison(transaction: Transaction) -> Comparison | None:
    """The last comparison of the stored standings with the evidence, if there was any."""
    found = transaction.run(queries.LAST_COMPARISON).one_or_none()
    return None if found is None else Comparison(**found._mapping)


def _known(known_at: datetime | None) -> str | datetime:
    return NOW if known_at is None else naive(known_at)


def naive(instant: datetime) -> datetime:
    """An instant as the leaves write it: UTC, without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)
