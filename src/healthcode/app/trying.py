"""A trial as a table, as data, and what the commands about trials stand on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from healthcode.app.showing import colour_text
from healthcode.kit.clock import local_text
from healthcode.kit.words import Language, Words
from healthcode.places.divisions import name as division_name
from healthcode.rulebook.checking import faults
from healthcode.rulebook.reasons import CLASS_WORDS, COLOUR_WORDS, KIND_WORDS
from healthcode.rulebook.snapshots import Snapshot, opened
from healthcode.rulebook.terms import Colour, Rulebook
from healthcode.rulebook.trials import Example, Ground, Trial, try_draft

__all__ = [
    "data", "faults", "opened", "shown", "snapshot_data", "try_draft",
]  # fmt: skip

ORDER = (Colour.GREY, Colour.GREEN, Colour.ORANGE, Colour.RED)
LABELS = {
    "matrix": Words(
        zh="从哪种颜色（行）到哪种颜色（列）", en="From colour (row) to colour (column)"
    ),
    "districts": Words(zh="各区变色人数", en="People whose colour changes, by district"),
    "rules": Words(zh="因哪条规则变色", en="On account of which rule"),
    "held": Words(zh="规则生效人数", en="People under each rule"),
    "examples": Words(zh="示例（编号仅用于本次试算）", en="Examples, by keys of this trial only"),
    "district": Words(zh="区", en="district"),
    "rule": Words(zh="规则", en="rule"),
    "before": Words(zh="现行", en="binding"),
    "after": Words(zh="草案", en="draft"),
    "people": Words(zh="人数", en="people"),
    "of": Words(zh="占总人数", en="of all"),
    "unknown": Words(zh="居住地不明", en="residence unknown"),
    "elsewhere": Words(zh="外地", en="elsewhere"),
    "no_rule": Words(zh="是否须申报", en="whether to declare"),
    "no_ground": Words(zh="没有生效的规则", en="no rule is active"),
    "never": Words(zh="无期限", en="no end"),
    "going_on": Words(zh="进行中", en="going on"),
    "nobody": Words(zh="没有人的颜色会改变。", en="Nobody's colour would change."),
}


def snapshot_data(taken: Snapshot) -> dict[str, Any]:
    """A snapshot for programs."""
    return {
        "folder": str(taken.folder),
        "name": taken.name,
        "taken_at": taken.taken_at.isoformat(),
        "known_at": taken.known_at.isoformat(),
        "people": taken.people,
        "facts": taken.facts,
        "designations": taken.designations,
    }


def data(trial: Trial) -> dict[str, Any]:
    """A trial for programs."""
    return {
        "binding": _named(trial.binding),
        "draft": _named(trial.draft),
        "at": trial.at.isoformat(),
        "known_at": trial.known_at.isoformat(),
        "people": trial.people,
        "changed": trial.changed,
        "matrix": [
            {"before": before, "after": after, "people": people}
            for (before, after), people in sorted(trial.matrix().items())
        ],
        "by_district": [dataclasses.asdict(each) for each in trial.turns],
        "by_rule": [dataclasses.asdict(each) for each in trial.rule_turns],
        "under_rule": [dataclasses.asdict(each) for each in trial.held],
        "examples": [_example_data(each) for each in trial.examples],
    }


def _named(rulebook: Rulebook) -> str:
    return f"{rulebook.name} {rulebook.version}"


def _example_data(example: Example) -> dict[str, Any]:
    said = dataclasses.asdict(example)
    for side in ("was", "would_be"):
        said[side] = [
            {key: value.isoformat() if isinstance(value, datetime) else value
             for key, value in ground.items()}
            for ground in said[side]
        ]  # fmt: skip
    return said


def shown(trial: Trial, language: Language, examples: int) -> RenderableType:
    """A trial for people."""
    heading = Text(
        {
            "zh": f"现行 {_named(trial.binding)} → 草案 {_named(trial.draft)}；"
            f"{local_text(trial.at)}；共 {trial.people:,} 人，变色 {trial.changed:,} 人"
            f"（{_share(trial.changed, trial.people)}）",
            "en": f"Binding {_named(trial.binding)} → draft {_named(trial.draft)}; "
            f"{local_text(trial.at)}; {trial.people:,} people, of whom {trial.changed:,} change "
            f"({_share(trial.changed, trial.people)})",
        }[language]
    )
    if not trial.changed:
        return Group(heading, _matrix(trial, language), Text(_label("nobody", language)))
    parts: list[RenderableType] = [
        heading,
        _matrix(trial, language),
        _districts(trial, language),
        _rules(trial, language),
        _held(trial, language),
    ]
    if examples:
        parts.append(Text(_label("examples", language), style="bold"))
        parts += [_example(each, trial, language) for each in _varied(trial.examples, examples)]
    return Group(*parts)


def _label(name: str, language: Language) -> str:
    return LABELS[name].in_language(language)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"


def _table(title: str, columns: Iterable[str | Text]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _matrix(trial: Trial, language: Language) -> Table:
    counted = trial.matrix()
    columns: list[str | Text] = [_label("people", language)]
    columns += [colour_text(each, language) for each in ORDER]
    table = _table(_label("matrix", language), columns)
    for before in ORDER:
        row = [
            Text(f"{counted.get((before, after), 0):,}", style="dim" if before is after else "")
            for after in ORDER
        ]
        table.add_row(colour_text(before, language), *row)
    return table


def _pairs(trial: Trial) -> list[tuple[Colour, Colour]]:
    """The changes that happen, the most severe first."""
    found = {pair for pair, people in trial.matrix().items() if people and pair[0] != pair[1]}
    return sorted(found, key=lambda pair: (-ORDER.index(pair[1]), -ORDER.index(pair[0])))


def _arrow(pair: tuple[Colour, Colour], language: Language) -> Text:
    return Text.assemble(colour_text(pair[0], language), " → ", colour_text(pair[1], language))


def district_name(code: str, language: Language) -> str:
    """A district's name, or what stands for it."""
    if not code:
        return _label("unknown", language)
    return division_name(code, language) or code


def _districts(trial: Trial, language: Language) -> Table:
    pairs = _pairs(trial)
    columns: list[str | Text] = [_label("district", language)]
    columns += [_arrow(each, language) for each in pairs]
    table = _table(_label("districts", language), [*columns, _label("of", language)])
    for district in dict.fromkeys(turn.district for turn in trial.turns):
        counted = trial.matrix(district)
        changed = [counted.get(pair, 0) for pair in pairs]
        table.add_row(
            district_name(district, language),
            *(f"{people:,}" for people in changed),
            _share(sum(changed), sum(counted.values())),
        )
    return table


def _rules(trial: Trial, language: Language) -> Table:
    columns = [_label(name, language) for name in ("rule", "before", "people")]
    table = _table(_label("rules", language), columns)
    for each in trial.rule_turns:
        rule = each.rule or _label("no_rule", language)
        pair = _arrow((each.before, each.after), language)
        table.add_row(f"{rule} {_title(trial, each.rule, language)}", pair, f"{each.people:,}")
    return table


def _title(trial: Trial, rule: str, language: Language) -> str:
    for rulebook in (trial.draft, trial.binding):
        for each in rulebook.rules:
            if each.id == rule:
                return each.title.in_language(language)
    return ""


def _held(trial: Trial, language: Language) -> Table:
    columns = [_label(name, language) for name in ("rule", "before", "after")]
    table = _table(_label("held", language), columns)
    for each in trial.held:
        if each.before != each.after:
            name = f"{each.rule} {_title(trial, each.rule, language)}"
            table.add_row(name, f"{each.before:,}", f"{each.after:,}")
    return table


def _varied(examples: Sequence[Example], most: int) -> list[Example]:
    """Some of each change."""
    kinds: dict[tuple[Colour, Colour], list[Example]] = {}
    for each in examples:
        kinds.setdefault((each.before, each.after), []).append(each)
    turns = max(map(len, kinds.values()), default=0)
    mixed = [some[n] for n in range(turns) for some in kinds.values() if n < len(some)]
    return mixed[:most]


def _example(example: Example, trial: Trial, language: Language) -> RenderableType:
    head = Text.assemble(
        f"{example.key}  {district_name(example.district, language)}  ",
        _arrow((example.before, example.after), language),
    )
    sides = (("before", example.was), ("after", example.would_be))
    lines = [
        Text(f"  {_label(side, language)}: {said}")
        for side, grounds in sides
        for said in [_ground(each, trial, language) for each in grounds]
        or [_label("no_ground", language)]
    ]
    return Group(head, *lines)


def _ground(ground: Ground, trial: Trial, language: Language) -> str:
    until = local_text(ground.until) if ground.until else _label("never", language)
    ended = local_text(ground.ended_at) if ground.ended_at else _label("going_on", language)
    span = local_text(ground.started_at)
    if ground.ended_at != ground.started_at:
        span = f"{span} – {ended}"
    kind, who = KIND_WORDS[ground.kind], CLASS_WORDS[ground.source_class]
    return (
        f"{COLOUR_WORDS[ground.colour].in_language(language)} {ground.rule} "
        f"{_title(trial, ground.rule, language)}: {kind.in_language(language)} {span} "
        f"({who.in_language(language)}); {local_text(ground.opens)} → {until}"
    )
