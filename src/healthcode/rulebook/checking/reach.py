"""Rules that can never count, early ends that can end nothing, and ids that are too much alike."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from healthcode.kit.words import Words
from healthcode.rulebook.checking import windows
from healthcode.rulebook.checking.faults import Fault
from healthcode.rulebook.terms import (
    SEVERITY,
    EarlyEnd,
    Numbers,
    Pattern,
    Rule,
    Rulebook,
    Trigger,
    Under,
)

STEP = Decimal("0.001")  # a fact's number has three decimals
LARGEST = Decimal("999999.999")


def alike(rulebook: Rulebook) -> Iterator[Fault]:
    """Two ids that a person on the telephone would take for one."""
    for one, other in combinations(rulebook.rules, 2):
        if _spoken(one.id) == _spoken(other.id):
            yield Fault(
                f"rules.{other.id}",
                Words(
                    zh=f"编号与 {one.id} 过于相似，容易混淆。请改用其他编号。",
                    en=f"This id is too much like {one.id} to tell them apart. Choose another.",
                ),
            )


def _spoken(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


def unreachable(rulebook: Rulebook) -> Iterator[Fault]:
    """Rules without which every colour would be the same, and early ends that nothing can meet."""
    never = {rule.id: why for rule in rulebook.rules if (why := _never(rule))}
    for rule in rulebook.rules:
        where = f"rules.{rule.id}"
        if rule.id in never:
            yield Fault(where, never[rule.id])
        for other in rulebook.rules:
            if never.keys() & {rule.id, other.id} or other is rule or not _hides(other, rule):
                continue
            if other.id < rule.id or not _hides(rule, other):  # of two alike the second is named
                yield Fault(where, _hidden(other))
                break
        for number, end in enumerate(rule.early_ends, start=1):
            if why := _impossible(end.when) or _unheard(rule, end):
                yield Fault(f"{where}.early_ends.{number}", why)


def idle(rulebook: Rulebook) -> Iterator[Fault]:
    """Early ends that cannot come before the window is over: harmless, and perhaps meant."""
    for rule in rulebook.rules:
        for number, end in enumerate(rule.early_ends, start=1):
            if not windows.shortens(end, rule.window) and not _never(rule):
                until = rule.window.until
                yield Fault(
                    f"rules.{rule.id}.early_ends.{number}",
                    Words(
                        zh=f"此条件最早也要到窗口自行结束（until: {until}）之后才起作用，"
                        "因此不会缩短任何窗口。",
                        en=f"It takes effect no sooner than the window ends by itself (until: "
                        f"{until}), so it shortens none.",
                    ),
                )


def _never(rule: Rule) -> Words | None:
    """Why no fact ever gives the rule a window, if so."""
    if why := _impossible(rule.when):
        return why
    if windows.opens(rule.window):
        return None
    window = f"from: {rule.window.opens}, until: {rule.window.until}"
    return Words(
        zh=f"窗口（{window}）总是在开始之前就已结束，此规则永远不会生效。请推迟 until。",
        en=f"Its window ({window}) is over before it opens, whatever the fact: the rule can never "
        "count. Let it end later.",
    )


def _hidden(other: Rule) -> Words:
    return Words(
        zh=f"凡是此规则适用的人，规则 {other.id} 都给出同样或更严的颜色，且不会更早结束，"
        "因此此规则不会改变任何人的颜色。请删去此规则，或修改其中之一。",
        en=f"Whoever it is about has the same colour or a more severe one from {other.id} for at "
        "least as long: the rule changes nobody's colour. Leave it out, or change one of them.",
    )


def _unheard(rule: Rule, end: EarlyEnd) -> Words | None:
    """Why nobody's word can be an early end of the rule, if so."""
    if not end.when.sources or set(end.when.sources) & set(rule.released_by):
        return None
    asked, named = ", ".join(end.when.sources), ", ".join(rule.released_by)
    return Words(
        zh=f"sources（{asked}）与 released_by（{named}）没有相同的类别，"
        "没有任何事实能提前结束窗口。请在两处写上同一类别。",
        en=f"Its sources ({asked}) and the rule's released_by ({named}) have no class in common: "
        "no fact can end the window by it. Name the same class in both.",
    )


def _impossible(pattern: Pattern) -> Words | None:
    """Why no fact can meet a pattern, if so."""
    inside, outside = pattern.inside, pattern.outside
    if inside is not None and outside is not None and inside.startswith(outside):
        return Words(
            zh=f"inside {inside} 位于 outside {outside} 之内，没有任何地点同时符合。"
            "请去掉其中之一。",
            en=f"inside {inside} is part of outside {outside}: no area is both. Leave one out.",
        )
    if pattern.number is None:
        return None
    least, most = _range(pattern.number)
    if least <= most:
        return None
    return Words(
        zh="没有任何数值同时符合 number 中的上下限。请修改其中之一。",
        en="No number lies between the bounds of `number`. Change one of them.",
    )


def _range(bounds: Numbers) -> tuple[Decimal, Decimal]:
    """The least and the largest number of a fact that lie within the bounds."""
    least = [-LARGEST, bounds.at_least, None if bounds.above is None else bounds.above + STEP]
    most = [LARGEST, bounds.at_most, None if bounds.below is None else bounds.below - STEP]
    return (
        max(each for each in least if each is not None),
        min(each for each in most if each is not None),
    )


def _hides(other: Rule, rule: Rule) -> bool:
    """Whether whoever this rule colours has at least that colour from the other, for as long.

    It says so only where the other can be ended by nothing that does not end this one too.
    """
    return (
        SEVERITY[other.colour] >= SEVERITY[rule.colour]
        and all(end in rule.early_ends for end in other.early_ends)
        and set(other.released_by) <= set(rule.released_by)
        and _covers(other.when, rule.when)
        and windows.outlasts(other.window, rule.window)
    )


def _covers(wide: Trigger, narrow: Trigger) -> bool:
    """Whether every fact that meets the narrow trigger meets the wide one."""
    return (
        wide.kind == narrow.kind
        and _lists(wide.result, narrow.result)
        and _lists(wide.sources, narrow.sources)
        and _holds(wide.number, narrow.number)
        and _lies_within(wide, narrow)
        and (wide.under is None or (narrow.under is not None and _over(wide.under, narrow.under)))
    )


def _lists(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _holds(wide: Numbers | None, narrow: Numbers | None) -> bool:
    if wide is None or narrow is None:
        return wide is None
    (least, most), (smallest, largest) = _range(wide), _range(narrow)
    return least <= smallest and largest <= most


def _lies_within(wide: Pattern, narrow: Pattern) -> bool:
    """Whether the wide pattern asks no more of the area than the narrow one grants."""
    inside = narrow.inside or ""
    if wide.inside is not None and not inside.startswith(wide.inside):
        return False
    if wide.outside is None:
        return True
    if narrow.outside is not None and wide.outside.startswith(narrow.outside):
        return True
    apart = not inside.startswith(wide.outside) and not wide.outside.startswith(inside)
    return narrow.inside is not None and apart


def _over(wide: Under, narrow: Under) -> bool:
    return (
        wide.level == narrow.level
        and set(narrow.of) <= set(wide.of)
        and windows.reaches_as_far_back(wide.look_back, narrow.look_back)
    )
