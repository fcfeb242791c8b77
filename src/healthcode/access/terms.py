"""Who may be asking: roles, what each is bound to, and how it proves itself. Also masked names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from healthcode.kit.words import Words

NAME = re.compile(r"(?!(citizen|self)(\.|$))[a-z0-9][a-z0-9._-]{0,63}")
"""A name of staff or of a department; `citizen.<number>` and `self` are said of everybody else."""

CITIZEN = "citizen"
"""As a client of `people`: an account that is not verified yet is a person by its own number."""

LONGEST_MASK = 12  # characters; a credential has room for no more
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
BETWEEN_PARTS = re.compile(r"[\s.,·•‧・_'’‐-]+")


class Role(StrEnum):
    """What an account may do; one account has one."""

    CITIZEN = "citizen"
    GATE = "gate"
    COMMUNITY = "community"
    DISTRICT = "district"
    CLINIC = "clinic"
    HOTLINE = "hotline"
    EPIDEMIOLOGIST = "epidemiologist"
    APPROVER = "approver"
    SOURCE = "source"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class ScopeKind(StrEnum):
    """What binds an account of a role."""

    OWN = "own"  # itself and its family
    DIVISION = "division"  # a kept code of GB/T 2260; "*": everywhere
    PLACE = "place"  # a registered place's id
    CASE = "case"  # a person only through an open case
    CLIENT = "client"  # what is registered for the client of its name
    NONE = "none"


class Proof(StrEnum):
    """How an account of a role proves itself."""

    ONE_TIME_CODE = "one-time code"
    PASSWORD = "password"  # noqa: S105 - the word, not one
    CLIENT_KEY = "client key"


class RoleRule(NamedTuple):
    """What a role is bound to, how it proves itself, and what it is called."""

    scope: ScopeKind
    proof: Proof
    called: Words


ROLES: Mapping[Role, RoleRule] = {
    Role.CITIZEN: RoleRule(
        ScopeKind.OWN, Proof.ONE_TIME_CODE, Words(zh="市民", en="citizen")
    ),
    Role.GATE: RoleRule(
        ScopeKind.PLACE, Proof.PASSWORD, Words(zh="场所查验员", en="gate staff")
    ),
    Role.COMMUNITY: RoleRule(
        ScopeKind.DIVISION, Proof.PASSWORD, Words(zh="社区工作者", en="community worker")
    ),
    Role.DISTRICT: RoleRule(
        ScopeKind.DIVISION, Proof.PASSWORD, Words(zh="区级工作人员", en="district officer")
    ),
    Role.CLINIC: RoleRule(
        ScopeKind.DIVISION, Proof.PASSWORD, Words(zh="医疗机构人员", en="clinic staff")
    ),
    Role.HOTLINE: RoleRule(
        ScopeKind.CASE, Proof.PASSWORD, Words(zh="热线话务员", en="hotline operator")
    ),
    Role.EPIDEMIOLOGIST: RoleRule(
        ScopeKind.DIVISION, Proof.PASSWORD, Words(zh="流行病学人员", en="epidemiologist")
    ),
    Role.APPROVER: RoleRule(
        ScopeKind.DIVISION, Proof.PASSWORD, Words(zh="复核人", en="approver")
    ),
    Role.SOURCE: RoleRule(
        ScopeKind.CLIENT, Proof.CLIENT_KEY, Words(zh="数据来源部门", en="data source")
    ),
    Role.AUDITOR: RoleRule(
        ScopeKind.NONE, Proof.PASSWORD, Words(zh="审计员", en="auditor")
    ),
    Role.OPERATOR: RoleRule(
        ScopeKind.NONE, Proof.PASSWORD, Words(zh="系统管理员", en="operator")
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A new account, key or password. The secret is shown this once and kept nowhere."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `device` is what the phone sends along next time; staff have none."""

    token: str = field(repr=False)
    expires_at: datetime
    device: str | None = field(default=None, repr=False)
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """News: an account passed the real-name check; until then its person was provisional."""

    account: int
    provisional: int | None
    person: int


class Shown(NamedTuple):
    """As much of a person as anybody but themselves may see."""

    name: str
    document_kind: str
    last_four: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What a citizen agrees to, in one version of its words."""

    version: str
    words: Words


CONSENT = Consent(
    "1",
    Words(
        zh="为防控疫情，健康码收集您的姓名、证件号码、手机号码和居住地，以及您申报的健康状况、接触和行程；"
        "它们与有关部门登记的检测、隔离、到访等记录一起，按公开的规则得出您的健康码颜色。"
        "查验场所只看到颜色、隐去一部分的姓名和证件末四位。姓名、证件和手机号码加密保存。"
        "疫情防控结束后，这些信息即予销毁。",
        en="To contain the epidemic, Health Code collects your name, document number, phone, "
        "residence, and the health, contacts and trips you declare. With what authorities record "
        "(tests, isolation, visits) they give your colour, by published rules. A gate sees the "
        "colour, a masked name and four digits. Names and numbers are kept encrypted. All is "
        "destroyed when the epidemic is over.",
    ),
)


def masked_name(name: str) -> str:
    """A name as strangers may see it, at most 12 characters: 王*, 王*明, 欧**怡; `A* K*`.

    With a Chinese character in it: the first and the last stay. Otherwise the parts' first letters.
    """
    whole = unicodedata.normalize("NFC", name)
    if not HAN.search(whole):
        parts = [part for part in BETWEEN_PARTS.split(whole) if part]
        return " ".join(f"{part[0].upper()}*" for part in parts)[:LONGEST_MASK].strip() or "*"
    letters = "".join(whole.split())
    hidden = min(len(letters), LONGEST_MASK) - 2
    if hidden < 1:  # one character, or two
        return f"{letters[0]}*" if len(letters) > 1 else "*"
    return letters[0] + "*" * hidden + letters[-1]
