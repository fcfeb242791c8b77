"""A trial as tables, and what a look over a rulebook found, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from healthcode.app.showing import colour_text
from healthcode.app.trying import NEW, REMOVED, differing, named
from healthcode.kit.clock import SHANGHAI, local_text
from healthcode.kit.words import Language, Words
from healthcode.places.divisions import name as division_name
from healthcode.rulebook.checking import Found
from healthcode.rulebook.everybody.trials import Example, Ground, RuleTurn, Trial
from healthcode.rulebook.explanations.reasons import CLASS_WORDS, KIND_WORDS
from healthcode.rulebook.terms import SEVERITY, Colour, Rulebook

Pair = tuple[Colour, Colour]
ORDER = (Colour.GREY, Colour.GREEN, Colour.ORANGE, Colour.RED)
UNMEASURED = 1000  # columns: a terminal that is wide enough for any table
LEAST_SHARE = 0.0001  # what two decimals of a per cent can tell from nothing
ENDLESS = datetime.max.replace(tzinfo=SHANGHAI)
LABELS = {
    "title": Words(zh="草案 {draft} 与 {binding} 相比", en="Draft {draft} beside {binding}"),
    "at": Words(
        zh="{at} 的颜色，依据截至 {known_at} 的记录",
        en="Colours at {at}, by what was recorded by {known_at}",
    ),
    "summary": Words(
        zh="共 {people:,} 人，变色 {changed:,} 人（{share}）",
        en="{people:,} people, of whom {changed:,} ({share}) change colour",
    ),
    "undeclared": Words(
        zh="没有有效申报的人：{before} → {after}",
        en="Without a valid declaration: {before} → {after}",
    ),
    "same": Words(zh="草案的规则与其完全相同", en="The draft's rules are the very same"),
    "matrix": Words(
        zh="人数：原颜色（行）→ 草案（列）", en="People, from colour (row) to colour (column)"
    ),
    "districts": Words(zh="各区变色人数", en="People whose colour changes, by district"),
    "others": Words(
        zh="没有人变色的区：{count} 个", en="Districts in which nobody changes: {count}"
    ),
    "rules": Words(
        zh="因哪条规则变色（涉及多条的，每条都计入）",
        en="By the rule behind it (where there are several, each counts)",
    ),
    "held": Words(zh="有差异的规则和生效人数", en="Rules that differ, and people under them"),
    "examples": Words(zh="示例（编号仅用于本次试算）", en="Examples, by keys of this trial only"),
    "district": Words(zh="区", en="district"),
    "rule": Words(zh="规则", en="rule"),
    "change": Words(zh="变色", en="change"),
    "state": Words(zh="草案中", en="in the draft"),
    "before": Words(zh="原规则", en="before"),
    "after": Words(zh="草案", en="draft"),
    "people": Words(zh="人数", en="people"),
    "all": Words(zh="合计", en="all"),
    "of": Words(zh="占总人数", en="of all"),
    "unknown": Words(zh="居住地不明", en="residence unknown"),
    "no_rule": Words(zh="（是否需要申报）", en="(whether a declaration is needed)"),
    "grey": Words(zh="没有有效的健康申报", en="no valid declaration"),
    "green": Words(zh="没有生效的规则", en="no rule is active"),
    "from": Words(zh="自 {since}", en="from {since}"),
    "until": Words(zh="至 {until}", en="until {until}"),
    "never": Words(zh="无期限", en="no end"),
    "going_on": Words(zh="进行中", en="going on"),
    "more": Words(zh="（另有 {count} 条记录）", en=" (and {count} more)"),
    "new": Words(zh="新增", en="new"),
    "removed": Words(zh="已删除", en="left out"),
    "changed": Words(zh="改动：{keys}", en="changed: {keys}"),
    "note": Words(zh="提示：", en="Note: "),
}


def found_shown(found: Found, language: Language) -> RenderableType:
    """What a look over a rulebook found."""
    parts: list[RenderableType] = []
    for some, note in ((found.faults, ""), (found.notes, _label("note", language))):
        for each in some:
            parts.append(Text.assemble(note, (each.where, "bold")))
            parts.append(Padding(Text(each.words.in_language(language)), (0, 0, 0, 2)))
    return Group(*parts)


def shown(trial: Trial, language: Language, examples: int, width: int) -> RenderableType:
    """A trial, with up to so many examples, on a terminal of so many columns."""
    parts: list[RenderableType] = [*_heading(trial, language), Text(), _matrix(trial, language)]
    if trial.changed:
        parts += [_districts(trial, language, width), _rules(trial, language)]
    if differing(trial):
        parts.append(_held(trial, language))
    if examples and trial.examples:
        parts.append(Text(_label("examples", language), style="bold"))
        parts += [_example(each, trial, language) for each in _varied(trial.examples, examples)]
    return Group(*parts)


def _label(name: str, language: Language, **details: object) -> str:
    return LABELS[name].in_language(language).format(**details)


def share(part: int, whole: int) -> str:
    """A part in per cent; what is there never looks like nothing."""
    if not whole:
        return "–"
    return "<0.01%" if 0 < part < LEAST_SHARE * whole else f"{part / whole:.2%}"


def _heading(trial: Trial, language: Language) -> Iterable[Text]:
    names = {"draft": named(trial.draft), "binding": named(trial.binding)}
    yield Text(_label("title", language, **names), style="bold")
    times = {"at": local_text(trial.at), "known_at": local_text(trial.known_at)}
    yield Text(_label("at", language, **times))
    of_all = share(trial.changed, trial.people)
    counts = {"people": trial.people, "changed": trial.changed, "share": of_all}
    yield Text(_label("summary", language, **counts))
    before, after = trial.binding.undeclared, trial.draft.undeclared
    if before is not after:
        both = {"before": colour_text(before, language), "after": colour_text(after, language)}
        yield Text(_label("undeclared", language, **both))
    elif not differing(trial):
        yield Text(_label("same", language))


def _table(title: str, columns: Iterable[str | Text]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left",
                  title_style="bold", caption_justify="left")  # fmt: skip
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table


def _count(people: int, style: str = "") -> Text:
    """How many; nobody is a dot, so that the others are seen."""
    return Text(f"{people:,}", style=style) if people else Text("·", style="dim")


def _matrix(trial: Trial, language: Language) -> Table:
    counted = trial.matrix()
    heads = [colour_text(each, language) for each in ORDER]
    table = _table(_label("matrix", language), ["", *heads, _label("all", language)])
    for before in ORDER:
        row = [counted.get((before, after), 0) for after in ORDER]
        cells = [
            _count(people, "dim" if before is after else "bold")
            for after, people in zip(ORDER, row, strict=True)
        ]
        table.add_row(colour_text(before, language), *cells, _count(sum(row)))
    below = [sum(counted.get((before, after), 0) for before in ORDER) for after in ORDER]
    table.add_section()
    table.add_row(_label("all", language), *map(_count, below), _count(sum(below)))
    return table


def _pairs(trial: Trial) -> list[Pair]:
    """The changes that happen, the most severe first."""
    found = [pair for pair, people in trial.matrix().items() if people and pair[0] != pair[1]]
    return sorted(found, key=_severe_first)


def _severe_first(pair: Pair) -> tuple[int, int]:
    return -SEVERITY[pair[1]], -SEVERITY[pair[0]]


def _arrow(pair: Pair, language: Language, between: str = " → ") -> Text:
    return Text.assemble(colour_text(pair[0], language), between, colour_text(pair[1], language))


def district_name(code: str, language: Language) -> str:
    """A district's name, or what stands for it."""
    if not code:
        return _label("unknown", language)
    return division_name(code, language) or code


def _districts(trial: Trial, language: Language, width: int) -> Table:
    """A column for each change where there is room for them, else for each new colour."""
    pairs = _pairs(trial)
    each_change = [(_arrow(pair, language, "\n→ "), {pair}) for pair in pairs]
    table = _by_district(trial, language, each_change)
    console = Console(width=UNMEASURED)
    if Measurement.get(console, console.options, table).maximum <= width:
        return table
    by_colour = [
        (Text.assemble("→ ", colour_text(after, language)), {p for p in pairs if p[1] is after})
        for after in dict.fromkeys(after for _before, after in pairs)
    ]
    return _by_district(trial, language, by_colour)


def _by_district(
    trial: Trial, language: Language, columns: Sequence[tuple[Text, set[Pair]]]
) -> Table:
    heads: list[str | Text] = [_label("district", language)]
    heads += [head for head, _pairs in columns]
    heads += [_label("change", language), _label("of", language)]
    table = _table(_label("districts", language), heads)
    districts = sorted({turn.district for turn in trial.turns}, key=lambda code: (not code, code))
    still = 0
    for district in [*districts, None]:
        counted = trial.matrix(district)
        changed = [sum(counted.get(pair, 0) for pair in pairs) for _head, pairs in columns]
        if not sum(changed):
            still += 1
            continue
        if district is None:
            table.add_section()
        name = _label("all", language) if district is None else district_name(district, language)
        of_all = share(sum(changed), sum(counted.values()))
        table.add_row(name, *map(_count, changed), _count(sum(changed)), of_all)
    if still:
        table.caption = _label("others", language, count=still) + "\n"
    return table


def _rules(trial: Trial, language: Language) -> Table:
    """Each rule once, that of most people first."""
    by_rule: dict[str, list[RuleTurn]] = {}
    for each in trial.rule_turns:
        by_rule.setdefault(each.rule, []).append(each)
    columns = [_label(name, language) for name in ("rule", "change", "people")]
    table = _table(_label("rules", language), columns)
    table.columns[1].justify = "left"
    for rule, turns in sorted(by_rule.items(), key=lambda each: -sum(t.people for t in each[1])):
        name = ""
        for turn in turns:
            worse = SEVERITY[turn.after] > SEVERITY[turn.before]
            said = _rule(trial.draft if worse else trial.binding, rule, language)
            pair = _arrow((turn.before, turn.after), language)
            table.add_row("" if said == name else said, pair, _count(turn.people))
            name = said
    return table


def _rule(rulebook: Rulebook, rule: str, language: Language) -> str:
    """A rule's id and title, as this rulebook has it."""
    if not rule:
        return _label("no_rule", language)
    return f"{rule} {rulebook.rule(rule).title.in_language(language)}"


def _held(trial: Trial, language: Language) -> Table:
    """The rules that differ; the others hold for the same people in both."""
    counted = {each.rule: (each.before, each.after) for each in trial.held}
    columns = [_label(name, language) for name in ("rule", "state", "before", "after")]
    table = _table(_label("held", language), columns)
    table.columns[1].justify = "left"
    for rule, keys in differing(trial).items():
        before, after = counted.get(rule, (0, 0))
        said = _rule(trial.binding if keys == REMOVED else trial.draft, rule, language)
        state = keys[0] if keys in {NEW, REMOVED} else "changed"
        shown_state = _label(state, language, keys=", ".join(keys))
        table.add_row(said, shown_state, _count(before), _count(after))
    return table


def _varied(examples: Sequence[Example], most: int) -> list[Example]:
    """One of each change and the rules behind it in turn, the most severe first."""
    kinds: dict[tuple[Pair, str, str], list[Example]] = {}
    for each in examples:
        rules = [grounds[0].rule if grounds else "" for grounds in (each.was, each.would_be)]
        kinds.setdefault(((each.before, each.after), rules[0], rules[1]), []).append(each)
    some = [kinds[kind] for kind in sorted(kinds, key=lambda kind: (_severe_first(kind[0]), kind))]
    turns = max(map(len, some), default=0)
    mixed = [each[turn] for turn in range(turns) for each in some if turn < len(each)]
    return mixed[:most]


def _example(example: Example, trial: Trial, language: Language) -> RenderableType:
    head = Text.assemble(
        f"{example.key}  {district_name(example.district, language)}  ",
        _arrow((example.before, example.after), language),
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    sides = (
        ("before", trial.binding, example.was, example.before),
        ("after", trial.draft, example.would_be, example.after),
    )
    for side, rulebook, grounds, colour in sides:
        by_rule: dict[str, list[Ground]] = {}
        for each in grounds:
            by_rule.setdefault(each.rule, []).append(each)
        said = [_ground(some, rulebook, language) for some in by_rule.values()]
        nothing = Text(_label("grey" if colour is Colour.GREY else "green", language))
        grid.add_row(_label(side, language), Group(*(said or [nothing])))
    return Group(head, Padding(grid, (0, 0, 0, 2)))


def _ground(grounds: Sequence[Ground], rulebook: Rulebook, language: Language) -> Text:
    """A rule that is active, and the fact by which it is active longest."""
    ground = max(grounds, key=lambda each: each.until or ENDLESS)
    until = _label("never", language)
    if ground.until is not None:
        until = _label("until", language, until=local_text(ground.until))
    if ground.opens != ground.started_at:
        until = f"{_label('from', language, since=local_text(ground.opens))} {until}"
    more = _label("more", language, count=len(grounds) - 1) if len(grounds) > 1 else ""
    comma = {"zh": "，", "en": ", "}[language]
    about = [
        f"{KIND_WORDS[ground.kind].in_language(language)} {_span(ground, language)}",
        CLASS_WORDS[ground.source_class].in_language(language),
    ]
    return Text.assemble(
        colour_text(ground.colour, language),
        f" {_rule(rulebook, ground.rule, language)}{comma}{until}\n",
        (f"  {comma.join(about)}{more}", "dim"),
    )


def _span(ground: Ground, language: Language) -> str:
    since = local_text(ground.started_at)
    if ground.ended_at == ground.started_at:
        return since
    ended = _label("going_on", language)
    if ground.ended_at is not None:
        ended = local_text(ground.ended_at)
    return f"{since} – {ended}"
