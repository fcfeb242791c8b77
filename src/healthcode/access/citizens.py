"""Citizens: an account is nobody's until the registry says whose it is.

Below the real-name level a person may declare, as a provisional person of their own; they get no
code, and see nothing of whoever owns the document that they claim.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from healthcode.access import limits, outside, queries
from healthcode.access.limits import Tried
from healthcode.access.tables import accounts
from healthcode.access.terms import CITIZEN, CONSENT, Role, Shown, Verified, masked_name
from healthcode.kit.clock import local_today
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput, Counted, Refused
from healthcode.kit.http import Caller, NotForYou
from healthcode.kit.words import Words
from healthcode.people import (
    BadDocument,
    Introduction,
    Subject,
    ensure,
    identify,
    introduce,
    papers_of,
    persons_of,
)
from healthcode.places import kept_code

PHONE = "access.accounts.phone"
PHONE_HASH = "access.phones.phone"
SHOWN_DIGITS = 4


class NotTogether(Counted):
    """The registry says no; nobody learns what was wrong."""

    words = Words(
        zh="姓名、证件和手机号码核验不一致。请核对三项是否都是本人的；每天的次数有限。",
        en="The name, the document and the phone do not belong together. Check that all three are "
        "your own; there is a limit of tries a day.",
    )


class OtherDocument(BadInput):
    """A verified account that is given somebody else's document."""

    words = Words(
        zh="此账号已用另一证件完成实名登记，不能改为他人。证件有误请联系便民服务热线。",
        en="This account is registered with another document and cannot become somebody else's. "
        "If the document is wrong, call the hotline.",
    )
    status = 409


class NoName(BadInput):
    """A real name of no letters."""

    words = Words(
        zh="请填写证件上的姓名。", en="Please give your name as it stands on the document."
    )


class BadResidence(BadInput):
    """A residence that is no division."""

    words = Words(
        zh="居住地应为区划代码（GB/T 2260），如 120101。",
        en="The residence is a division code (GB/T 2260), as 120101.",
    )


class NotVerified(Refused):
    """Below the real-name level."""

    words = Words(
        zh="请先完成实名登记，然后才能使用此功能。",
        en="Please register with your real name first.",
    )


class OtherConsent(BadInput):
    """Agreement to words that are not today's."""

    words = Words(
        zh="告知书现为第{version}版，请阅读后再同意。",
        en="The words to agree to are now in version {version}: please read them first.",
    )
    status = 409


class About(NamedTuple):
    """What a citizen's account is: the name is masked, `consent` the version agreed to last."""

    verified: bool
    name: str | None
    consent: str | None


def new_citizen(transaction: Transaction, phone: str) -> int:
    """An account for whoever came by this phone (E.164); the phone is not given to it."""
    row = {
        "role": Role.CITIZEN,
        "phone_hash": transaction.keys.lookup(phone, PHONE_HASH),
        "phone_sealed": transaction.keys.seal(phone, PHONE),
        "made_at": transaction.now,
    }
    made = transaction.run(sa.insert(accounts).values(row).returning(accounts.c.account))
    return int(made.scalar_one())


def read_document(transaction: Transaction, text: str) -> Subject:
    """A document written `10:1201…`. Raises BadDocument."""
    meant = identify(transaction.keys, CITIZEN, text, local_today(transaction.now))
    if not meant.kind:
        raise BadDocument
    return meant


def person_for(transaction: Transaction, caller: Caller) -> int:
    """The account's person; a provisional one is made where there is none. Raises NotForYou."""
    citizen = _citizen(transaction, caller, alone=True)
    if citizen.person is not None:
        return int(citizen.person)
    today = local_today(transaction.now)
    own = identify(transaction.keys, CITIZEN, str(citizen.account), today, own_keys=True)
    person = ensure(transaction, CITIZEN, [own])[own]
    _set(transaction, citizen.account, person=person)
    return person


def verified_person(transaction: Transaction, caller: Caller) -> int:
    """The person whom the registry knows the account as. Raises NotForYou or NotVerified."""
    citizen = _citizen(transaction, caller)
    if not citizen.verified:
        raise NotVerified
    return int(citizen.person)


def register_real_name(
    transaction: Transaction, caller: Caller, name: str, document: str, residence: str | None
) -> None:
    """Bind an account to the document's owner, if the registry says that it is theirs.

    A verified account states its name or residence anew. Raises NotForYou, NoName, BadDocument,
    BadResidence, OtherDocument, TooMany, NotTogether, NoRegistry or RegistryFails.
    """
    # 1. What can be said without anybody.
    citizen = _citizen(transaction, caller, alone=True)
    paper = read_document(transaction, document)
    stated = _stated(transaction, name, residence)
    known = persons_of(transaction, CITIZEN, [paper]).get(paper)
    if citizen.verified and known != citizen.person:
        raise OtherDocument
    # 2. The limits, then the registry; a try that got no answer is not counted.
    written = paper.written(transaction.keys)
    tries = {Tried.REAL_NAME_BY_ACCOUNT: str(citizen.account), Tried.REAL_NAME_BY_DOCUMENT: written}
    for what, whose in tries.items():
        limits.check(transaction, what, whose)
    phone = transaction.keys.open(citizen.phone_sealed, PHONE)
    together = outside.registry().check(name.strip(), written, phone)
    for what, whose in tries.items():
        limits.count(transaction, what, whose)
    if not together:
        raise NotTogether
    # 3. The person of the document, whoever else is at it.
    [person] = introduce(transaction, CITIZEN, [Introduction(paper, None, stated, checked=True)])
    assert person is not None  # only a second document could be another's
    if citizen.verified:
        return
    _set(transaction, citizen.account, person=person, verified_at=transaction.now)
    transaction.run(queries.GIVE_PHONE, {"account": citizen.account})
    # 4. What was declared before is theirs.
    if citizen.person is not None:
        transaction.publish(Verified(citizen.account, citizen.person, person))


def consent(transaction: Transaction, caller: Caller, version: str) -> None:
    """Keep that a citizen agrees. Raises NotForYou or OtherConsent."""
    if version != CONSENT.version:
        raise OtherConsent(version=CONSENT.version)
    citizen = _citizen(transaction, caller)
    agreed = {"account": citizen.account, "version": version, "now": transaction.now}
    transaction.run(queries.AGREE, agreed)


def about(transaction: Transaction, caller: Caller) -> About:
    """What a citizen's account is. Raises NotForYou."""
    citizen = _citizen(transaction, caller)
    agreed = transaction.run(queries.AGREED, {"account": citizen.account}).scalar()
    shown = shown_of(transaction, citizen.person) if citizen.verified else None
    return About(citizen.verified, shown.name if shown else None, agreed)


def shown_of(transaction: Transaction, person: int) -> Shown | None:
    """A person's masked name, document kind and last four; None where they are not known."""
    papers = papers_of(transaction, person)
    if papers is None:
        return None
    return Shown(masked_name(papers.name), papers.kind, papers.number[-SHOWN_DIGITS:])


def _citizen(transaction: Transaction, caller: Caller, *, alone: bool = False) -> sa.Row[Any]:
    """The caller's account as it is stored; with `alone`, nobody else changes it meanwhile."""
    named = re.fullmatch(rf"{CITIZEN}\.([0-9]{{1,18}})", caller.account or "")
    asked = {"account": int(named[1]) if named else None}
    statement = queries.CITIZEN_ALONE if alone else queries.CITIZEN
    found = transaction.run(statement, asked).one_or_none()
    if found is None:
        raise NotForYou
    return found


def _set(transaction: Transaction, account: int, **values: object) -> None:
    transaction.run(sa.update(accounts).where(accounts.c.account == account).values(**values))


def _stated(transaction: Transaction, name: str, residence: str | None) -> Mapping[str, object]:
    """What is kept of a name and a residence. Raises NoName or BadResidence."""
    if not any(letter.isalpha() for letter in name):
        raise NoName
    stated: dict[str, object] = {
        "name_sealed": Introduction.seal_name(transaction.keys, name.strip())
    }
    if residence is None:
        return stated
    try:
        kept = kept_code(residence)
    except ValueError:
        kept = ""
    if not kept:
        raise BadResidence
    return stated | {"residence": kept}
