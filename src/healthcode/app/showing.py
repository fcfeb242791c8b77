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

from healthcode.access.accounts import Listed
from healthcode.access.terms import ROLES, Role
from healthcode.app.replaying import Replay
from healthcode.evidence.actions import SourceRegistration
from healthcode.evidence.feeds.importing import Report
from healthcode.evidence.proposals import Waiting
from healthcode.gates import Answer, Decision
from healthcode.kit.clock import SHANGHAI, local_text
from healthcode.kit.words import Language, Words
from healthcode.places import Place
from healthcode.rulebook import Colour, Judgement
from healthcode.rulebook.api import standing_shown
from healthcode.rulebook.explanations.reasons import COLOUR_WORDS, NOTHING_KNOWN, UNDECLARED, Reason
from healthcode.rulebook.publishing import Listed as Drafted
from healthcode.rulebook.publishing import State

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
    "proposed": Words(zh="待批准", en="waiting"),
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


STATES = {
    State.WAITING: Words(zh="待批准", en="waits for approval"),
    State.REFUSED: Words(zh="已退回", en="refused"),
    State.APPROVED: Words(zh="已批准，待公布", en="approved, to be published"),
    State.COMING: Words(zh="已公布，尚未生效", en="published, binds later"),
    State.CHANGING: Words(zh="已生效，正在更新颜色", en="binds, colours are following"),
    State.BINDING: Words(zh="现行", en="binds"),
    State.PAST: Words(zh="已被取代", en="replaced"),
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
    return standing_shown(judged, reasons).model_dump(mode="json", by_alias=True)


def report(done: Report, language: Language) -> RenderableType:
    """What an import did."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    # Hardly ever does anything wait; a column of noughts would only make the others narrow.
    shown = [name for name in COUNTS if name != "proposed" or done.proposed]
    for name in shown:
        table.add_column(COUNTS[name].in_language(language), justify="right")
    counts = [getattr(done, name) for name in shown]
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


def waiting(found: Iterable[Waiting], language: Language) -> Table:
    """What waits for a second person."""
    heads = {
        "zh": ("编号", "单位", "账号", "内容", "提出时间", "行数"),
        "en": ("number", "client", "account", "what", "proposed at", "rows"),
    }
    table = _table(heads[language])
    for each in found:
        table.add_row(
            str(each.proposal),
            each.client,
            each.account or "–",
            FILES[each.what].in_language(language),
            local_text(each.proposed_at),
            str(each.rows),
        )
    return table


def rulebooks(found: Iterable[Drafted], language: Language) -> Table:
    """Drafts and published rulebooks, and where each stands."""
    heads = {
        "zh": ("编号", "规则手册", "状态", "提出者", "生效时间", "已更新人数"),
        "en": ("number", "rulebook", "state", "proposed by", "binds from", "standings"),
    }
    table = _table(heads[language])
    for each in found:
        number = "–" if each.draft is None else str(each.draft)
        state = STATES[each.state].in_language(language)
        since = local_text(each.binds_from) if each.binds_from else "–"
        people = "–" if each.total is None else f"{each.done}/{each.total}"
        name = f"{each.name} {each.version}"
        table.add_row(number, name, state, each.proposed_by or "–", since, people)
    return table


def accounts(found: Iterable[Listed], language: Language) -> Table:
    """Who may do what, and who made them."""
    heads = {
        "zh": ("账号", "角色", "范围", "开设者", "开设时间", "关闭时间"),
        "en": ("account", "role", "scope", "made by", "made at", "closed at"),
    }
    table = _table(heads[language])
    for each in found:
        closed = local_text(each.closed_at) if each.closed_at else "–"
        role = ROLES[Role(each.role)].called.in_language(language)
        made = local_text(each.made_at)
        table.add_row(each.name, role, each.scope or "–", each.made_by or "–", made, closed)
    return table


def places(found: Iterable[Place], language: Language) -> Table:
    """Registered places."""
    heads = {
        "zh": ("编号", "单位自编号", "类别", "名称", "区划"),
        "en": ("id", "key", "kind", "name", "division"),
    }
    table = _table(heads[language])
    for each in found:
        table.add_row(each.public_id, each.key, each.kind, each.name, each.division)
    return table


def answer(found: Answer, language: Language) -> RenderableType:
    """What a gate decides, for its staff."""
    colour = Colour(found.colour) if found.colour else None
    head = DECISIONS[found.decision].in_language(language)
    parts: list[RenderableType] = [Text(head, style="bold")]
    if colour is not None:
        parts.append(colour_text(colour, language))
    if found.name is not None:
        parts.append(Text(f"{found.name}  {found.document_kind}:…{found.last_four}"))
    parts.append(Text(found.guard.in_language(language)))
    parts += [
        Text(f"{each.name.in_language(language)} {each.phone or ''}".rstrip(), style="dim")
        for each in found.contacts
    ]
    parts.append(Text(found.outcome, style="dim"))
    return Group(*parts)


def _table(heads: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


DECISIONS = {
    Decision.ENTER: Words(zh="请进", en="enter"),
    Decision.CALL: Words(zh="请稍候，正在联系", en="please wait, somebody is called"),
    Decision.SHOW_ONLY: Words(zh="仅供参考", en="shown only; the place decides"),
    Decision.USUAL_WAY: Words(zh="按原有方式通行", en="the usual way"),
}
