"""What a place may be registered as, and why not, in words that never repeat what was said."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

from healthcode.kit.words import Words
from healthcode.places.divisions import division
from healthcode.places.terms import PlaceKind, PlaceRegistration, kept_code

COLUMNS = ("key", "kind", "name", "division", "phone", "community_name", "community_phone")
NEEDED = COLUMNS[:4]
LONGEST = {"key": 64, "name": 100, "community_name": 100, "phone": 40, "community_phone": 40}
# A number as people write it: area code in brackets, extension, two numbers with a stroke.
PHONE = re.compile(r"(?=(?:[^0-9]*[0-9]){3})[0-9+()（）\-#*/、, 转]+")
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
KINDS = frozenset(PlaceKind)

REASONS: dict[str, Words] = {
    "not_utf8": Words(zh="这一行不是 UTF-8 编码。", en="This line is not UTF-8."),
    "not_csv": Words(
        zh="这一行的引号或列数与表头不符。",
        en="The quotes or the number of columns of this line do not fit the header.",
    ),
    "missing": Words(zh="此列不能为空。", en="This column must not be empty."),
    "too_long": Words(
        zh="内容过长：编号至多64字，名称至多100字，电话至多40字。",
        en="Too long: a key has 64 characters at most, a name 100, a phone 40.",
    ),
    "unseen_characters": Words(
        zh="含有控制字符或看不见的字符。",
        en="There are control characters or characters that cannot be seen.",
    ),
    "kind_unknown": Words(
        zh="没有这一类场所。可用的类别：" + "、".join(PlaceKind) + "。",
        en="There is no such kind of place. The kinds are " + ", ".join(PlaceKind) + ".",
    ),
    "bad_division": Words(
        zh="区划代码须为区划表中已有的 2、4、6、9 或 12 位代码（GB/T 2260）。",
        en="The division must be a code of 2, 4, 6, 9 or 12 digits that the tree of divisions has "
        "(GB/T 2260).",
    ),
    "bad_phone": Words(
        zh="电话须由数字、空格、横线和括号组成，至少3位数字。",
        en="A phone has digits, spaces, hyphens and brackets, and three digits at least.",
    ),
    "home_needs_community": Words(
        zh="居住小区须写明接收居民的社区名称和电话。",
        en="A residential area names the community that takes people in, with its phone.",
    ),
    "half_a_community": Words(
        zh="社区的名称和电话须同时填写，或都不填。",
        en="Give both the community's name and its phone, or neither.",
    ),
    "key_twice": Words(
        zh="此编号在文件中已出现过。", en="This key stands in an earlier line of the file."
    ),
    "closed": Words(
        zh="此编号的场所已停用。如需重新启用，请换一个编号登记。",
        en="The place of this key is closed. To open it again, register it under another key.",
    ),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a registration is not taken: a column, "" for the whole of it, and one of `REASONS`."""

    column: str
    reason: str

    @property
    def words(self) -> Words:
        """The reason in words."""
        return REASONS[self.reason]


def checked(asked: PlaceRegistration) -> PlaceRegistration | Wrong:
    """The registration as it is kept, or the first thing that is wrong with it."""
    asked = PlaceRegistration(*(getattr(asked, column).strip() for column in COLUMNS))
    for column in COLUMNS:
        reason = _wrong_text(column, getattr(asked, column))
        if reason:
            return Wrong(column, reason)
    if asked.kind not in KINDS:
        return Wrong("kind", "kind_unknown")
    code = _known_division(asked.division)
    if code is None:
        return Wrong("division", "bad_division")
    empty = "community_phone" if asked.community_name else "community_name"
    if not (asked.community_name and asked.community_phone):
        if asked.kind == PlaceKind.RESIDENTIAL:
            return Wrong(empty, "home_needs_community")
        if asked.community_name or asked.community_phone:
            return Wrong(empty, "half_a_community")
    return replace(asked, division=code)


def _wrong_text(column: str, text: str) -> str | None:
    if not text:
        return "missing" if column in NEEDED else None
    if len(text) > LONGEST.get(column, 100):
        return "too_long"
    # Also what turns the direction of writing: a name is shown on a guard's screen.
    if any(unicodedata.category(each) in UNSEEN for each in text):
        return "unseen_characters"
    if column.endswith("phone") and PHONE.fullmatch(text) is None:
        return "bad_phone"
    return None


@cache  # many places stand in few divisions
def _known_division(code: str) -> str | None:
    try:
        found = division(code)
    except ValueError:
        return None
    return found.code if found and kept_code(code) else None
