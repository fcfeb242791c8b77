"""Publishing a rulebook: proposed, approved by a second person, binding, and then everybody's.

A published rulebook binds from its moment, at once for whoever asks. The stored standings follow
in batches, each a transaction of its own, in the order of persons, by whoever takes the
publication's row: a job, or the command that publishes. What was gone through is written with it,
so that going on after a crash ends as if there had been none. The newest that binds wins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from healthcode.access import is_second_person
from healthcode.kit.db import Database, Transaction
from healthcode.kit.errors import BadInput, Refused
from healthcode.kit.words import Words
from healthcode.rulebook import functions, queries
from healthcode.rulebook.actions import (
    body_of,
    digest_of,
    enact,
    in_force,
    reassess,
    statements_of,
)
from healthcode.rulebook.tables import drafts, publications
from healthcode.rulebook.terms import Rulebook

CHANGE = "rulebook.change_standings"
BATCH = (
    500  # persons: 33 ms on a shared machine of two cores; 1,000 take twice as long, no less each
)
REST = 1.0  # after a batch, of the time it took: half of a core stays for whoever asks meanwhile
LOOK_AGAIN = 0.2  # seconds between two looks at what somebody else works at


class VersionTaken(BadInput):
    """A version that is published, or waits."""

    words = Words(
        zh="{name} 的版本 {version} 已公布，或已在等待批准或公布。内容有改动时请换一个版本号。",
        en="Version {version} of {name} is published, or waits to be. Give what you changed "
        "another version.",
    )
    status = 409


class NoSuchDraft(BadInput):
    """No draft of this number, or it is decided."""

    words = Words(
        zh="{draft} 号没有待批准的规则手册：编号有误，或已有人处理。",
        en="No rulebook waits under number {draft}: there is no such draft, or it is decided.",
    )
    status = 404


class NeedsAnother(Refused):
    """Whoever proposed, made the proposer, or was made by them, asks to approve."""

    words = Words(
        zh="规则手册须由另一人批准：提出者本人、其开设者，以及由他们开设的账号都不能批准。",
        en="Another person has to approve this rulebook: not who proposed it, nor who opened that "
        "account, nor an account that any of them opened.",
    )


class NotApproved(Refused):
    """What nobody approved is to be published."""

    words = Words(
        zh="{draft} 号没有已获批准的规则手册，不能公布。请见 healthcode rulebook list。",
        en="No approved rulebook has the number {draft}, so nothing is published. See healthcode "
        "rulebook list.",
    )
    status = 409


class InThePast(BadInput):
    """A rulebook that is to have bound before anybody could know it."""

    words = Words(
        zh="规则手册不能自过去的时间起生效：已作出的判定不得改变。",
        en="A rulebook cannot bind from a moment in the past: what was said then stays as it was.",
    )


class MomentTaken(BadInput):
    """Two rulebooks that would bind from one moment."""

    words = Words(
        zh="已有另一规则手册自此时间或更晚时间起生效。请换一个时间。",
        en="Another rulebook binds from this moment, or from a later one already. Choose another.",
    )
    status = 409


class State(StrEnum):
    """Where a rulebook stands."""

    WAITING = "waiting"
    REFUSED = "refused"
    APPROVED = "approved"
    COMING = "coming"  # published, and its moment has not come
    CHANGING = "changing"  # it binds, and the standings are following
    BINDING = "binding"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft or a published rulebook; one that came with the house has no draft.

    `binds_from` is None for a draft, and for the first one, which binds from the beginning.
    `digest` is the SHA-256 of what it says, in hexadecimal; `total` and `done` are persons.
    """

    draft: int | None
    name: str
    version: str
    state: State
    digest: str
    proposed_by: str | None
    proposed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    published_by: str | None
    binds_from: datetime | None
    total: int | None
    done: int | None


@dataclass(frozen=True, slots=True)
class Publication:
    """How far the change to a published rulebook is; `total` persons, None until counted."""

    rulebook: int
    name: str
    version: str
    binds_from: datetime
    started_at: datetime | None
    finished_at: datetime | None
    total: int | None
    done: int


class Step(StrEnum):
    """What became of a step."""

    WORKED = "worked"
    HELD = "held"  # somebody else is at it
    NOTHING = "nothing"


def propose(transaction: Transaction, rulebook: Rulebook) -> int:
    """Keep a draft on the word of the transaction's account; its number. Raises VersionTaken."""
    transaction.run(queries.LOCK_RULEBOOKS)  # of two who propose the same, one is told so
    named = {"name": rulebook.name, "version": rulebook.version}
    if transaction.run(queries.TAKEN, named).scalar():
        raise VersionTaken(**named)
    made = transaction.run(
        sa.insert(drafts)
        .returning(drafts.c.draft)
        .values(
            **named,
            digest=digest_of(rulebook),
            body=body_of(rulebook),
            proposed_by=transaction.account or "",
            proposed_at=transaction.now,
        )
    )
    return int(made.scalar_one())


def decide(transaction: Transaction, draft: int, *, approve: bool) -> None:
    """Approve a draft, or refuse it, on the word of the transaction's account.

    Raises NoSuchDraft or NeedsAnother.
    """
    found = transaction.run(queries.LOCK_DRAFT, {"draft": draft}).one_or_none()
    if found is None or found.approved is not None:
        raise NoSuchDraft(draft=draft)
    account = transaction.account or ""
    if not is_second_person(transaction, account, [found.proposed_by]):
        raise NeedsAnother
    transaction.run(
        sa.update(drafts)
        .where(drafts.c.draft == draft)
        .values(decided_by=account, decided_at=transaction.now, approved=approve)
    )


def drafted(transaction: Transaction, draft: int) -> Rulebook:
    """What a draft says, whatever became of it. Raises NoSuchDraft."""
    found = transaction.run(queries.DRAFT, {"draft": draft}).one_or_none()
    if found is None:
        raise NoSuchDraft(draft=draft)
    return Rulebook.model_validate_json(found.body)


def listed(transaction: Transaction) -> list[Listed]:
    """Every draft and every published rulebook, those that came with the house first."""
    bound = in_force(transaction).key
    found = []
    for row in transaction.run(queries.LISTED):
        values = dict(row._mapping)
        approved, key, unfinished = (values.pop(n) for n in ("approved", "rulebook", "unfinished"))
        if key is None:
            state = {None: State.WAITING, False: State.REFUSED, True: State.APPROVED}[approved]
        elif key == bound:
            state = State.CHANGING if unfinished else State.BINDING
        else:
            coming = row.binds_from is not None and row.binds_from > transaction.now
            state = State.COMING if coming else State.PAST
        found.append(Listed(state=state, **values))
    return found


def publish_rulebook(database: Database, draft: int, binds_from: datetime | None = None) -> int:
    """Have an approved draft bind from a moment (now); the key of the rulebook.

    Where it is published already, nothing more happens. Raises NotApproved, InThePast or
    MomentTaken.
    """
    with database.transaction() as transaction:
        published, rulebook = _approved(transaction, draft)
    if published is not None:
        return published
    # Between the two, so that neither a lock nor the moment of publishing waits for it.
    statements = statements_of(rulebook)
    with database.transaction() as transaction:
        transaction.run(queries.LOCK_RULEBOOKS)
        published, rulebook = _approved(transaction, draft)
        if published is not None:
            return published
        moment = binds_from or transaction.now
        if moment < transaction.now:
            raise InThePast
        if transaction.run(queries.MOMENT_TAKEN, {"moment": moment}).scalar():
            raise MomentTaken
        key = enact(transaction, rulebook, binds_from=moment, statements=statements)
        transaction.run(
            sa.insert(publications).values(
                rulebook=key,
                published_by=transaction.account or "",
                published_at=transaction.now,
            )
        )
        transaction.run(sa.update(drafts).where(drafts.c.draft == draft).values(rulebook=key))
        if moment <= transaction.now:
            transaction.defer(CHANGE, once=CHANGE, later=True)
        return key


def _approved(transaction: Transaction, draft: int) -> tuple[int | None, Rulebook]:
    """What a draft was published as, if it was, and what it says. Raises NotApproved."""
    found = transaction.run(queries.LOCK_DRAFT, {"draft": draft}).one_or_none()
    if found is None or not found.approved:
        raise NotApproved(draft=draft)
    return found.rulebook, Rulebook.model_validate_json(found.body)


def publication(transaction: Transaction, rulebook: int) -> Publication:
    """How far the change to a published rulebook is."""
    found = transaction.run(queries.PUBLICATION, {"rulebook": rulebook}).one()
    return Publication(**found._mapping)


def advance(transaction: Transaction, most: int = BATCH) -> Step:
    """One step of the change to the rulebook that binds now: of at most so many persons."""
    # 1. Take the newest that binds, unless somebody else has it.
    newest = transaction.run(queries.UNFINISHED, {"at": transaction.now}).scalar()
    if newest is None:
        return Step.NOTHING
    key = {"rulebook": newest}
    taken = transaction.run(queries.TAKE_PUBLICATION, key).one_or_none()
    if taken is None:
        return Step.HELD
    # 2. Begin it alone: older ones end, and from its commit on nobody writes by another rulebook.
    if taken.started_at is None:
        transaction.run(queries.END_OLDER, key | {"at": transaction.now})
        transaction.run(functions.TURN_TO_RULEBOOK)
        begun = sa.update(publications).where(publications.c.rulebook == newest)
        transaction.run(begun.values(started_at=transaction.now))
        return Step.WORKED
    # 3. Count them once; from here on they only become fewer.
    if taken.total is None:
        transaction.run(queries.COUNT_BEHIND, key)
    # 4. The next persons, and how far we are now, in one commit.
    values = key | {"cursor": taken.cursor, "most": most}
    persons = list(transaction.run(queries.NEXT_BEHIND, values).scalars())
    if persons:
        reassess(transaction, persons)
        gone = key | {"more": len(persons), "cursor": persons[-1]}
        transaction.run(queries.GONE_THROUGH, gone)
    if len(persons) < most:
        transaction.run(queries.FINISHED, key | {"at": transaction.now})
    return Step.WORKED


def see_through(
    database: Database, rulebook: int, report: Callable[[Publication], None]
) -> Publication:
    """Change the standings until this rulebook's are done, or watch whoever is at it.

    Ends at once where its moment has not come, and where a newer one takes its place.
    """
    while True:
        began = time.perf_counter()
        with database.transaction() as transaction:
            step = advance(transaction)
        rest = REST * (time.perf_counter() - began)
        with database.transaction() as transaction:
            now = publication(transaction, rulebook)
        report(now)
        if now.finished_at is not None or step is Step.NOTHING:
            return now
        # Whoever asks meanwhile has the database to themselves; or another is at it, and we watch.
        time.sleep(LOOK_AGAIN if step is Step.HELD else rest)
