"""What the command line shows: tables and panels for people, plain data for `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from healthcode.app.replaying import Replay
from healthcode.evidence.actions import SourceRegistration
from healthcode.evidence.feeds.importing import Report
from healthcode.kit.clock import SHANGHAI, local_text
from healthcode.kit.words import Language, Words
from healthcode.rulebook import Colour, Judgement
from healthcode.rulebook.reasons import COLOUR_WORDS, NOTHING_KNOWN, UNDECLARED, Reason

# Nothing depends on colour alone: each has its shape and its word.
SHAPES = {Colour.GREY: "◷", Colour.GREEN: "●", Colour.ORANGE: "◆", Colour.RED: "⬣"}
STYLES = {
    Colour.GREY: "bright_black",
    Colour.GREEN: "green",
    Colour.ORANGE: "dark_orange",
    Colour.RED: "red",
}

LABELS = {
    name: Words(zh=zh, en=en)
    for name, zh, en in [
        ("rule", "规则", "Rule"),
        ("rests_on", "依据", "Rests on"),
        ("from", "起", "From"),
        ("until", "止", "Until"),
        ("no_end", "尚无结束时间", "no end is known yet"),
        ("what_to_do", "怎么办", "What to do"),
        ("who_ends_it", "谁可解除", "Who can end it"),
        ("source", "公布依据", "Published in"),
        ("at", "时间", "At"),
        ("known_at", "所据记录截至", "As recorded by"),
        ("changes_at", "最早变化", "Next possible change"),
        ("rulebook", "规则手册", "Rulebook"),
        ("client", "单位", "client"),
        ("class", "类别", "class"),
        ("kinds", "可写种类", "kinds"),
        ("divisions", "区划", "divisions"),
        ("day", "日期", "day"),
        ("cases", "病例", "cases"),
        ("flagged", "提前标出", "flagged"),
        ("median_lead", "提前天数中位数", "median lead (days)"),
        (
            "nothing_new",
            "此文件先前已导入，没有新内容。",
            "This file was imported before: nothing new.",
        ),
    ]
}

FILES = {
    "people": Words(zh="人员", en="people"),
    "evidence": Words(zh="证据", en="evidence"),
    "designations": Words(zh="风险区", en="designations"),
}
COUNTS = {
    "rows": Words(zh="行数", en="rows"),
    "recorded": Words(zh="记录", en="recorded"),
    "corrected": Words(zh="更正", en="corrected"),
    "retracted": Words(zh="撤回", en="retracted"),
    "unchanged": Words(zh="未变", en="unchanged"),
    "rejected": Words(zh="未接收", en="not taken"),
}
SCENARIOS = {
    "authority": Words(zh="仅凭部门数据", en="authority: what departments knew"),
    "declared": Words(zh="加上如实申报的症状", en="declared: with symptoms declared honestly"),
}


SHORT = {
    "authority": Words(zh="部门", en="authority"),
    "declared": Words(zh="含申报", en="declared"),
}


def label(name: str, language: Language) -> str:
    """A fixed word of the command line."""
    return LABELS[name].in_language(language)


def colour_text(colour: Colour, language: Language) -> Text:
    """A colour as shape and word."""
    words = COLOUR_WORDS[colour].in_language(language)
    return Text(f"{SHAPES[colour]} {words}", style=STYLES[colour])


def judgement(judged: Judgement, reasons: Sequence[Reason], language: Language) -> RenderableType:
    """A colour with its reasons."""
    colour = judged.standing.colour
    head = Text.assemble(
        colour_text(colour, language),
        f"   {label('at', language)} {local_text(judged.at)}",
        f"   {label('known_at', language)} {_seconds(judged.known_at)}",
    )
    parts: list[RenderableType] = [head]
    if judged.standing.changes_at is not None:
        changes = local_text(judged.standing.changes_at)
        parts.append(Text(f"{label('changes_at', language)} {changes}", style="dim"))
    if not reasons:
        words = UNDECLARED if colour is Colour.GREY else NOTHING_KNOWN
        parts.append(Text(words.in_language(language)))
    parts += [_reason(each, language) for each in reasons]
    book = f"{judged.rulebook.title.in_language(language)} {judged.rulebook.version}"
    parts.append(Text(f"{label('rulebook', language)} {book}", style="dim"))
    return Group(*parts)


def _reason(reason: Reason, language: Language) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    until = local_text(reason.until) if reason.until else label("no_end", language)
    rests_on = (
        f"{reason.fact.in_language(language)} · {_span(reason)}"
        f" · {reason.fact_source.in_language(language)}"
    )
    table.add_row("", reason.reason.in_language(language))
    table.add_row(label("rests_on", language), rests_on)
    table.add_row(label("from", language), local_text(reason.opens))
    table.add_row(label("until", language), until)
    table.add_row(label("what_to_do", language), reason.instructions.in_language(language))
    table.add_row(label("who_ends_it", language), reason.releaser.in_language(language))
    table.add_row(label("source", language), reason.source.in_language(language))
    title = Text.assemble(
        colour_text(reason.colour, language),
        f"  {label('rule', language)} {reason.rule}  {reason.title.in_language(language)}",
    )
    return Panel(table, title=title, title_align="left", border_style=STYLES[reason.colour])


def _span(reason: Reason) -> str:
    started = local_text(reason.fact_started_at)
    ended = local_text(reason.fact_ended_at) if reason.fact_ended_at else None
    return started if ended in {None, started} else f"{started} – {ended}"


def judgement_data(judged: Judgement, reasons: Sequence[Reason]) -> dict[str, Any]:
    """A colour with its reasons as JSON; times are ISO 8601 with an offset."""
    return {
        "colour": judged.standing.colour.value,
        "at": _iso(judged.at),
        "known_at": _iso(judged.known_at),
        "changes_at": _iso(judged.standing.changes_at),
        "rulebook": {"name": judged.rulebook.name, "version": judged.rulebook.version},
        "reasons": [
            {
                "rule": each.rule,
                "colour": each.colour.value,
                "title": each.title.model_dump(),
                "reason": each.reason.model_dump(),
                "instructions": each.instructions.model_dump(),
                "source": each.source.model_dump(),
                "releaser": each.releaser.model_dump(),
                "fact": {
                    "kind": each.fact.model_dump(),
                    "started_at": _iso(each.fact_started_at),
                    "ended_at": _iso(each.fact_ended_at),
                    "recorded_by": each.fact_source.model_dump(),
                },
                "from": _iso(each.opens),
                "until": _iso(each.until),
            }
            for each in reasons
        ],
    }


def report(done: Report, language: Language) -> RenderableType:
    """What an import did."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for words in COUNTS.values():
        table.add_column(words.in_language(language), justify="right")
    counts = [getattr(done, name) for name in COUNTS]
    table.add_row(FILES[done.what].in_language(language), *(f"{count:,}" for count in counts))
    if done.fresh:
        return table
    return Group(table, Text(label("nothing_new", language)))


def sources(found: Iterable[SourceRegistration], language: Language) -> Table:
    """Who may write what."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("client", "source", "class", "kinds", "divisions"):
        title = "source" if name == "source" and language == "en" else label(name, language)
        table.add_column("来源" if name == "source" and language == "zh" else title)
    for each in found:
        divisions = ", ".join("all" if code == "*" else code for code in each.divisions)
        table.add_row(each.client, each.source, each.source_class, ", ".join(each.kinds), divisions)
    return table


def replay(result: Replay, language: Language) -> RenderableType:
    """A replay: how early, and each day's colours in both scenarios."""
    summary = Table(box=SIMPLE_HEAD)
    for name in ("", "cases", "flagged", "median_lead"):
        summary.add_column(
            label(name, language) if name else "", justify="right" if name else "left"
        )
    days = Table(box=SIMPLE_HEAD)
    days.add_column(label("day", language))
    shown = [Colour.GREEN, Colour.ORANGE, Colour.RED]
    for name, scenario in result.scenarios.items():
        data = scenario.as_data()
        summary.add_row(
            SCENARIOS[name].in_language(language),
            str(data["cases"]),
            str(data["flagged"]),
            "–" if data["median_lead_days"] is None else f"{data['median_lead_days']:g}",
        )
        for colour in shown:
            head = Text(f"{SHORT[name].in_language(language)}\n", style="dim")
            days.add_column(head + colour_text(colour, language), justify="right")
    for day in next(iter(result.scenarios.values())).census:
        counts = [
            each.census[day][colour] for each in result.scenarios.values() for colour in shown
        ]
        days.add_row(day.isoformat(), *(str(count) for count in counts))
    return Group(days, summary)


def colours_table(
    title: str, rows: Mapping[str, Mapping[Colour, int]], language: Language
) -> Table:
    """People of each colour, a row for each division."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column(title)
    shown = [Colour.GREEN, Colour.ORANGE, Colour.RED, Colour.GREY]
    for colour in shown:
        table.add_column(colour_text(colour, language), justify="right")
    for name, counts in rows.items():
        table.add_row(name, *(str(counts.get(colour, 0)) for colour in shown))
    return table


def _seconds(instant: datetime | None) -> str:
    """To the second, which is what `--known-at` takes to tell two moments apart."""
    return "–" if instant is None else f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
