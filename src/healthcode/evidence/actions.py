"""What may happen to evidence besides a file: sources are registered, areas designated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from healthcode.evidence import queries
from healthcode.evidence.feeds.deciding import ANY, DESIGNATION, Desk, Outcome, Registration
from healthcode.evidence.feeds.reading import REPLAY
from healthcode.evidence.feeds.reasons import REASONS, Rejected
from healthcode.evidence.feeds.recording import desk_of, say, submit
from healthcode.evidence.tables import SELF, registrations, sources
from healthcode.evidence.terms import Designation, Kind, SourceClass
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput
from healthcode.kit.http import Caller
from healthcode.kit.words import Language, Words
from healthcode.places import kept_code

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
EVERYWHERE = "all"
STAFF = {"clinic": SourceClass.CLINIC, "community": SourceClass.COMMUNITY}
"""The roles whose accounts speak for themselves, as clinic.120101, and with which class."""
OURS_TO_NAME = re.compile(rf"{SELF}|({'|'.join(STAFF)})\..*")


class BadRegistration(BadInput):
    """A registration that cannot be."""

    words = Words(
        zh="无法登记：{what} 不正确。可用：{allowed}。",
        en="This cannot be registered: the {what} is wrong. Allowed: {allowed}.",
    )


class OtherClass(BadInput):
    """The source is registered with another class."""

    words = Words(
        zh="来源“{source}”已登记为 {found} 类；一个来源只有一类。",
        en="The source {source} is registered with class {found}; a source has one class.",
    )


class RowRejected(BadInput):
    """A single row was not taken."""

    words: ClassVar[Words] = Words(
        zh="未记录：{column}：{reason}", en="Not recorded: {column}: {reason}"
    )

    def __init__(self, rejected: Rejected) -> None:
        self.rejected = rejected
        super().__init__(column=rejected.column)

    def say(self, language: Language) -> str:
        """The reason in one language."""
        reason = REASONS[self.rejected.reason].in_language(language)
        words = self.words.in_language(language)
        return words.format(column=self.rejected.column or "row", reason=reason)


@dataclass(frozen=True, slots=True)
class SourceRegistration:
    """What a client may write as one source. `divisions` are codes of GB/T 2260, or `all`."""

    client: str
    source: str
    source_class: str
    kinds: tuple[str, ...]
    divisions: tuple[str, ...]


def register(transaction: Transaction, asked: SourceRegistration) -> None:
    """Register a source for a client, or change what it may write.

    Raises BadRegistration or OtherClass.
    """
    checked = replace(asked, divisions=_check(asked))
    found = transaction.run(queries.SOURCE_CLASS, {"source": asked.source}).scalar()
    if found not in {None, asked.source_class}:
        raise OtherClass(source=asked.source, found=found)
    _save(transaction, checked)


def register_for_replay(transaction: Transaction, source: str) -> None:
    """Let a replay's scratch database write whatever its files name.

    Any class will do: a replay's rulebook names none.
    """
    kinds = (ANY, DESIGNATION) if source == REPLAY else (ANY,)
    authority = SourceClass.AUTHORITY
    _save(transaction, SourceRegistration(REPLAY, source, authority, kinds, (ANY,)))


def _save(transaction: Transaction, asked: SourceRegistration) -> None:
    transaction.run(
        insert(sources)
        .values(source=asked.source, source_class=asked.source_class)
        .on_conflict_do_nothing()
    )
    says = {"kinds": sorted(set(asked.kinds)), "divisions": list(asked.divisions)}
    transaction.run(
        insert(registrations)
        .values(client=asked.client, source=asked.source, **says)
        .on_conflict_do_update(index_elements=["client", "source"], set_=says)
    )


def _check(asked: SourceRegistration) -> tuple[str, ...]:
    """The divisions as kept; raises BadRegistration."""
    name_rule = "a-z 0-9 . _ -"
    for what, name in (("client", asked.client), ("source", asked.source)):
        if NAME.fullmatch(name) is None or OURS_TO_NAME.fullmatch(name) is not None:
            raise BadRegistration(what=what, allowed=name_rule)
    if asked.source_class not in set(SourceClass):
        raise BadRegistration(what="class", allowed=", ".join(SourceClass))
    kinds = {*Kind, DESIGNATION, ANY} - {Kind.ORDER}
    if not asked.kinds or not set(asked.kinds) <= kinds:
        raise BadRegistration(what="kind", allowed=", ".join(sorted(kinds)))
    if DESIGNATION in asked.kinds and asked.source_class != SourceClass.AUTHORITY:
        raise BadRegistration(what="class", allowed=f"{DESIGNATION}: {SourceClass.AUTHORITY}")
    if not asked.divisions:
        raise BadRegistration(what="division", allowed="12, 120101, …, all")
    try:
        codes = {ANY if each == EVERYWHERE else _code(each) for each in asked.divisions}
        return tuple(sorted(codes))
    except ValueError:
        raise BadRegistration(what="division", allowed="12, 120101, …, all") from None


def _code(text: str) -> str:
    code = kept_code(text)
    if not code:
        raise ValueError
    return code


def registered(transaction: Transaction) -> list[SourceRegistration]:
    """Every registration, by client and source."""
    return [
        SourceRegistration(
            row.client, row.source, row.source_class, tuple(row.kinds), tuple(row.divisions)
        )
        for row in transaction.run(queries.ALL_REGISTRATIONS)
    ]


def designate(transaction: Transaction, client: str, city: str, row: dict[str, str]) -> Outcome:
    """Put a level on an area or a place; the columns are those of a designations file.

    Raises UnknownClient, NoDesignationSource or RowRejected.
    """
    desk = desk_of(transaction, client, city)
    try:
        return submit(transaction, client, desk, "designations", row)
    except Rejected as rejected:
        raise RowRejected(rejected) from rejected


def clear(
    transaction: Transaction, caller: Caller, city: str, person: int, result: str, at: datetime
) -> Outcome:
    """Record a clearance on the word of a clinic or a community, within its divisions.

    What it ends, if anything, is the rulebook's business. Raises RowRejected.
    """
    source = f"{caller.role}.{EVERYWHERE if caller.scope == ANY else caller.scope}"
    source_class = STAFF[caller.role]
    transaction.run(
        insert(sources).values(source=source, source_class=source_class).on_conflict_do_nothing()
    )
    may = Registration(source, source_class, frozenset({Kind.CLEARANCE}), (caller.scope,))
    row = {
        "kind": Kind.CLEARANCE.value,
        "result": result,
        "started_at": at.isoformat(),
        "source": source,
    }
    desk = Desk({source: may}, city, replay=False)
    try:
        batch = say(transaction, caller.account or source, desk, person, [row])
    except Rejected as rejected:
        raise RowRejected(rejected) from rejected
    return next(outcome for outcome, count in batch.counts.items() if count)


def persons_under(
    transaction: Transaction,
    designation: Designation,
    of: Sequence[Literal["area", "place"]],
    kind: Kind,
    since: datetime,
    most: int | None = None,
) -> Iterator[int]:
    """Persons with a fact of a kind under a designation, by its area or place; some twice.

    The fact is not retracted, ended at `since` or later, and started before the designation ended.
    """
    values = {"kind": kind.value, "since": since, "ended_at": designation.ended_at, "most": most}
    if "area" in of and designation.area:
        found = transaction.run(queries.PERSONS_IN, values | {"area": designation.area})
        yield from found.scalars()
    if "place" in of and designation.place:
        found = transaction.run(queries.PERSONS_AT, values | {"place": designation.place})
        yield from found.scalars()


def last_recorded(transaction: Transaction) -> datetime | None:
    """*Now* for a reader: the highest committed `recorded_at`; None where nothing is recorded."""
    found: datetime | None = transaction.run(queries.LAST_RECORDED).scalar()
    return found


def facts_of(transaction: Transaction, person: int) -> dict[int, sa.Row[tuple[object, ...]]]:
    """What a reason may say of a person's facts, retracted ones too: what, when, who said so."""
    return {row.fact: row for row in transaction.run(queries.FACTS_OF, {"person": person})}


def classes_of_sources(transaction: Transaction) -> dict[str, str]:
    """The class with which each source speaks."""
    return {row.source: row.source_class for row in transaction.run(queries.SOURCES)}
