"""The command `explain`: every finding of a person, and what if."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import typer

from healthcode.app.commands import common
from healthcode.app.commands.common import AsJson, Person, house, language, out
from healthcode.app.explaining import compared, compared_data, explained, explained_data
from healthcode.evidence import Kind, SourceClass
from healthcode.evidence.actions import classes_of_sources
from healthcode.evidence.feeds import fields
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.rulebook.explanations.explaining import explanation
from healthcode.rulebook.supposing import Supposed, WhatIf

TIMES = "2020-02-20, 2020-02-20T08:30"
ALLOWED = {"RESULT": "a-z 0-9 _", "FROM": TIMES, "UNTIL": f"{TIMES}, infinity (>= FROM)"}


class BadSupposition(BadInput):
    """A fact to add that cannot be."""

    words = Words(
        zh="--with 的 {part} 有误，可写：{allowed}。完整写法：KIND:RESULT:CLASS[:FROM[:UNTIL]]，"
        "例如 clearance:observation_over:community:2020-02-20。",
        en="The {part} of --with is wrong; write {allowed}. The whole is "
        "KIND:RESULT:CLASS[:FROM[:UNTIL]], as clearance:observation_over:community:2020-02-20.",
    )


def explain_person(
    person: Person,
    at: Annotated[str, typer.Option(help="As seen from this time (default: now).")] = "",
    known_at: Annotated[
        str, typer.Option("--known-at", help="Judged by what was recorded by then (default: now).")
    ] = "",
    without: Annotated[
        list[int] | None, typer.Option(help="What if this fact, by its number, were not; repeat.")
    ] = None,
    adding: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="What if there were this fact: KIND:RESULT:CLASS[:FROM[:UNTIL]]; repeat.",
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Explain a person's colour whole, and what it would be without a fact or with another.

    Past findings and those to come too. Nothing is written, whatever is supposed.
    """
    seen_from, known = common.moment("--at", at), common.moment("--known-at", known_at)
    name = common.argument(person)
    left_out = sorted(set(without or []))
    with house() as (database, _), database.transaction() as transaction:
        whom = common.person(transaction, name)
        seen_from = seen_from or transaction.now
        before = after = explanation(transaction, whom, seen_from, known)
        if left_out or adding:
            added = tuple(supposed(transaction, each, seen_from) for each in adding or [])
            what_if = WhatIf(frozenset(left_out), added)
            after = explanation(transaction, whom, seen_from, known, what_if=what_if)
    if left_out or adding:
        if as_json:
            common.print_json(compared_data(before, after, left_out))
        else:
            out.print(compared(before, after, left_out, language()))
    elif as_json:
        common.print_json(explained_data(before))
    else:
        out.print(explained(before, language()))


def supposed(transaction: Transaction, text: str, at: datetime) -> Supposed:
    """A fact to add, from `KIND:RESULT:CLASS[:FROM[:UNTIL]]`; without FROM it starts at `at`.

    A source's name may stand for its class. Raises BadSupposition.
    """
    kind, result, speaker, times, *_ = [*text.split(":", 3), "", "", ""]
    # a time holds colons itself: an end begins where a year or `infinity` does
    start, end, *_ = [*re.split(r":(?=\d{4}-|infinity$)", times, maxsplit=1), ""]
    if kind not in set(Kind):
        raise BadSupposition(part="KIND", allowed=", ".join(Kind))
    classes = {each.value: each.value for each in SourceClass}
    source_class = (classes_of_sources(transaction) | classes).get(speaker)
    if source_class is None:
        raise BadSupposition(part="CLASS", allowed=", ".join(SourceClass))
    try:
        fields.word("RESULT", result)
        started = fields.instant("FROM", start or at.isoformat())
        ended = fields.end("UNTIL", end)
        fields.span(started, ended)
    except Rejected as rejected:
        part = rejected.column if rejected.column in ALLOWED else "UNTIL"
        raise BadSupposition(part=part, allowed=ALLOWED[part]) from None
    going_on = ended == fields.INFINITY
    return Supposed(
        kind,
        result,
        source_class,
        datetime.fromisoformat(started),
        datetime.fromisoformat(ended) if ended and not going_on else None,
        going_on,
        source="" if speaker in classes else speaker,
    )
