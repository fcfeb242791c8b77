"""What `healthcode explain` shows: every finding of a person, and the difference if."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from healthcode.app.showing import STYLES, colour_text, label
from healthcode.kit.clock import SHANGHAI, local_text
from healthcode.kit.words import Language, Words
from healthcode.rulebook.explanations.explaining import (
    Difference,
    Explained,
    Explanation,
    State,
    Told,
    differences,
)
from healthcode.rulebook.explanations.reasons import (
    CLASS_WORDS,
    COLOUR_WORDS,
    KIND_WORDS,
    UNDECLARED,
)

STATES = {
    State.ACTIVE: Words(zh="生效中", en="active"),
    State.TO_COME: Words(zh="尚未开始", en="to come"),
    State.OVER: Words(zh="已结束", en="over"),
}
WORDS = {
    name: Words(zh=zh, en=en)
    for name, zh, en in [
        ("fact", "事实", "Fact"),
        ("supposed", "假设", "supposed"),
        ("going_on", "仍在持续", "still going on"),
        ("ended_by", "被提前结束", "Ended early by"),
        ("otherwise", "否则止于", "Otherwise until"),
        ("would_end", "可提前结束于", "Ends early with"),
        ("nothing", "无", "nothing"),
        ("no_findings", "没有任何规则适用。", "No rule holds for this person, past or to come."),
        ("as_it_is", "现状", "As it is"),
        ("if_so", "假设后", "If so"),
        ("without", "去掉", "Without"),
        ("with", "加上", "With"),
        ("colour", "颜色", "Colour"),
        ("finding", "规则与事实", "Rule and fact"),
        ("same", "各条规则均不变。", "Every finding stays as it is."),
        ("gone", "不再有", "gone"),
        ("absent", "没有", "none"),
    ]
}


def word(name: str, language: Language) -> str:
    """A fixed word of this view."""
    return WORDS[name].in_language(language)


def explained(shown: Explanation, language: Language) -> RenderableType:
    """A colour with all its findings."""
    parts: list[RenderableType] = [_head(shown, language)]
    if not shown.findings:
        grey = shown.judgement.standing.colour.value == "grey"
        words = UNDECLARED if grey else WORDS["no_findings"]
        parts.append(Text(words.in_language(language)))
    parts += [_panel(each, language) for each in shown.findings]
    rulebook = shown.judgement.rulebook
    book = f"{rulebook.title.in_language(language)} {rulebook.version}"
    parts.append(Text(f"{label('rulebook', language)} {book}", style="dim"))
    return Group(*parts)


def compared(
    before: Explanation, after: Explanation, left_out: Sequence[int], language: Language
) -> RenderableType:
    """The difference at a glance, then both sides whole."""
    asked = [f"{word('without', language)} #{number}" for number in left_out]
    asked += [f"{word('with', language)} {_fact(fact, language)}" for fact in after.added]
    heads = [Text(f"── {word(name, language)} ──", style="bold") for name in ("as_it_is", "if_so")]
    return Group(
        *(Text(each, style="bold") for each in asked),
        _table(before, after, language),
        Text(),
        heads[0],
        explained(before, language),
        Text(),
        heads[1],
        explained(after, language),
    )


def _head(shown: Explanation, language: Language) -> Text:
    judged = shown.judgement
    known = "–" if judged.known_at is None else _seconds(judged.known_at)
    changes = judged.standing.changes_at
    return Text.assemble(
        colour_text(judged.standing.colour, language),
        f"   {label('at', language)} {local_text(judged.at)}",
        f"   {label('known_at', language)} {known}",
        f"   {label('changes_at', language)} {local_text(changes) if changes else '–'}",
    )


def _seconds(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _panel(each: Explained, language: Language) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(word("fact", language), _fact(each.fact, language))
    table.add_row(label("from", language), local_text(each.finding.opens))
    table.add_row(label("until", language), _until(each.finding.until, language))
    for fact in each.ended_by:
        table.add_row(word("ended_by", language), _fact(fact, language))
    if each.ended_by:
        table.add_row(word("otherwise", language), _until(each.by_itself, language))
    for ends in each.ends or [WORDS["nothing"]]:
        table.add_row(word("would_end", language), ends.in_language(language))
    table.add_row(label("who_ends_it", language), each.rule.releaser.in_language(language))
    title = Text.assemble(
        colour_text(each.finding.colour, language),
        f"  {STATES[each.state].in_language(language)}",
        f"  {label('rule', language)} {each.rule.id}  {each.rule.title.in_language(language)}",
    )
    style = STYLES[each.finding.colour] if each.state is State.ACTIVE else "bright_black"
    return Panel(table, title=title, title_align="left", border_style=style)


def _fact(fact: Told, language: Language) -> str:
    """`#12 test (negative) · 2020-02-10 08:00 · fever-clinic, a clinic`."""
    number = f"#{fact.number}" if fact.number > 0 else word("supposed", language)
    kind = KIND_WORDS[fact.kind].in_language(language)
    result = f" ({fact.result})" if fact.result else ""
    started, ended = local_text(fact.started_at), fact.ended_at and local_text(fact.ended_at)
    if fact.going_on:
        span = f"{started} – {word('going_on', language)}"
    else:
        span = started if ended in {None, started} else f"{started} – {ended}"
    spoke = CLASS_WORDS[fact.source_class].in_language(language)
    source = f"{fact.source}, {spoke}" if fact.source else spoke
    return f"{number} {kind}{result} · {span} · {source}"


def _until(until: datetime | None, language: Language) -> str:
    return label("no_end", language) if until is None else local_text(until)


def _table(before: Explanation, after: Explanation, language: Language) -> RenderableType:
    table = Table(box=SIMPLE_HEAD)
    for name in ("", word("as_it_is", language), word("if_so", language)):
        table.add_column(name, overflow="fold")
    sides = [side.judgement.standing for side in (before, after)]
    colours = [colour_text(side.colour, language) for side in sides]
    table.add_row(word("colour", language), *colours)
    changes = [local_text(side.changes_at) if side.changes_at else "–" for side in sides]
    table.add_row(label("changes_at", language), *changes)
    found = differences(before, after)
    for each in found:
        table.add_row(*_row(each, language))
    return table if found else Group(table, Text(word("same", language)))


def _row(each: Difference, language: Language) -> tuple[Text, str, str]:
    some = each.after or each.before
    assert some is not None
    name = Text.assemble(
        colour_text(some.finding.colour, language),
        f" {some.rule.id} {_fact(some.fact, language)}",
    )
    was = _window(each.before, language) if each.before else word("absent", language)
    return name, was, _window(each.after, language) if each.after else word("gone", language)


def _window(each: Explained, language: Language) -> str:
    return f"{local_text(each.finding.opens)} – {_until(each.finding.until, language)}"


# ---------------------------------------------------------------- for --json


def explained_data(shown: Explanation) -> dict[str, Any]:
    """An explanation as JSON; times are ISO 8601 in UTC."""
    judged = shown.judgement
    return {
        "colour": judged.standing.colour.value,
        "words": COLOUR_WORDS[judged.standing.colour].model_dump(),
        "at": _iso(judged.at),
        "known_at": _iso(judged.known_at),
        "changes_at": _iso(judged.standing.changes_at),
        "rulebook": {"name": judged.rulebook.name, "version": judged.rulebook.version},
        "findings": [_finding_data(each) for each in shown.findings],
    }


def compared_data(
    before: Explanation, after: Explanation, left_out: Sequence[int]
) -> dict[str, Any]:
    """The explanation as it is, and under `what_if` the difference and what would be."""
    then = explained_data(after)
    now = explained_data(before)
    return now | {
        "what_if": {
            "without": list(left_out),
            "with": [_fact_data(fact) for fact in after.added],
            "difference": {
                "colour": [now["colour"], then["colour"]],
                "changes_at": [now["changes_at"], then["changes_at"]],
                "findings": [_difference_data(each) for each in differences(before, after)],
            },
            "then": then,
        }
    }


def _difference_data(each: Difference) -> dict[str, Any]:
    some = each.after or each.before
    assert some is not None
    what = "gone" if each.after is None else "new" if each.before is None else "other_end"
    ends = [_iso(side.finding.until) if side else None for side in (each.before, each.after)]
    return {
        "rule": some.rule.id,
        "fact": some.fact.number,
        "colour": some.finding.colour.value,
        "what": what,
        "until": ends,
    }


def _finding_data(each: Explained) -> dict[str, Any]:
    return {
        "rule": each.rule.id,
        "title": each.rule.title.model_dump(),
        "colour": each.finding.colour.value,
        "state": each.state.value,
        "fact": _fact_data(each.fact),
        "from": _iso(each.finding.opens),
        "until": _iso(each.finding.until),
        "ended_by": [_fact_data(fact) for fact in each.ended_by],
        "until_by_itself": _iso(each.by_itself),
        "would_end_it": [words.model_dump() for words in each.ends],
        "releaser": each.rule.releaser.model_dump(),
    }


def _fact_data(fact: Told) -> dict[str, Any]:
    return {
        "number": fact.number if fact.number > 0 else None,
        "kind": fact.kind.value,
        "result": fact.result,
        "started_at": _iso(fact.started_at),
        "ended_at": _iso(fact.ended_at),
        "going_on": fact.going_on,
        "source": fact.source,
        "source_class": fact.source_class.value,
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
