"""Random worlds for the law of the rulebook: small pools, so that everything collides.

A rulebook is built from a plain document, so each drawn one is also a valid rulebook file. Facts
are mostly made to meet a pattern of the rulebook, so that windows and early ends really occur.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from healthcode.rulebook.terms import Duration, Pattern, Rule, Rulebook
from tests.rulebook.facts import Designation, Fact, Going
from tests.rulebook.oracle import add, end_of, findings, lies_in, matches, meets_numbers

Draw = Callable[..., Any]

FIRST_DAY = datetime(2020, 1, 10, tzinfo=timezone(timedelta(hours=8))).astimezone(UTC)
# Days at the distances that the durations below span, within about forty days.
DAYS = (0, 1, 2, 3, 7, 8, 14, 15, 16, 21, 28, 40)
OF_THE_DAY = (
    timedelta(0),
    timedelta(microseconds=-1),
    timedelta(microseconds=1),
    timedelta(seconds=-1),
    timedelta(seconds=1),
    timedelta(hours=23, minutes=59, seconds=59),
    timedelta(hours=12),
)
INSTANTS = tuple(sorted({FIRST_DAY + timedelta(days=d) + o for d in DAYS for o in OF_THE_DAY}))

AREAS = ("12", "1201", "120101", "120101001", "42", "4201", "420106", "")
PLACES = ("", "store", "market")
KINDS = ("declaration", "test", "stay", "temperature")
RESULTS = ("negative", "positive", "healthy")
NUMBERS = ("36.5", "37.299", "37.3", "37.301", "39")
LEVELS = ("medium", "high", "exposure")
# A source speaks for one class; two sources of one class tell `same_source` from `sources`.
SOURCES = {
    "self": "self",
    "street-1": "community",
    "street-2": "community",
    "clinic": "clinic",
    "commission": "authority",
}
CLASSES = tuple(dict.fromkeys(SOURCES.values()))

DAY_COUNTS = ("0d", "1d", "2d", "7d", "14d")
EXACT = ("0h", "1h", "24h", "36h", "168h", "0m", "30m", "1440m")
SHAPES = ("moment", "span", "span", "going on")
MOST_FACTS = 14
NEAR = 2 * len(OF_THE_DAY)  # pool instants: about two of its days
WORDS = {"zh": "字", "en": "word"}

durations = st.sampled_from(DAY_COUNTS) | st.sampled_from(EXACT)
long_durations = st.sampled_from(("14d", "28d", "7d", "336h"))
short_durations = st.sampled_from(("0d", "1d", "2d", "0m", "30m", "24h"))
instants = st.sampled_from(INSTANTS)
early_instants = st.sampled_from(INSTANTS[: len(INSTANTS) // 2])

last_instants = st.sampled_from(INSTANTS[-len(OF_THE_DAY) :])


def some(values: tuple[str, ...], at_most: int = 2) -> st.SearchStrategy[list[str]]:
    """One or a few different values of a pool."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=at_most, unique=True)


def seldom(draw: Draw, one_in: int = 3) -> bool:
    """True once in about so many draws; False is what a failing example shrinks to."""
    return draw(st.integers(0, one_in - 1)) == one_in - 1


@st.composite
def moments(draw: Draw, *, edges: tuple[str, ...] = ("start", "end"), plus: Any = durations) -> str:
    """`start`, `end`, or either plus a duration."""
    edge = draw(st.sampled_from(edges))
    return edge if draw(st.booleans()) else f"{edge} + {draw(plus)}"


@st.composite
def untils(draw: Draw) -> str:
    """Every way in which a window may end by itself."""
    how = draw(st.sampled_from(("after", "after", "never", "any")))
    edge = draw(st.sampled_from(("start", "end")))
    moment = {"after": f"{edge} + {draw(long_durations)}", "never": "never"}.get(how)
    moment = moment or draw(moments())
    return f"own end, else {moment}" if seldom(draw) else moment


@st.composite
def bounds(draw: Draw) -> dict[str, str]:
    """One or two bounds on a fact's number."""
    names = draw(some(("at_least", "above", "at_most", "below")))
    return {name: draw(st.sampled_from(NUMBERS)) for name in names}


@st.composite
def patterns(draw: Draw, kinds: list[str]) -> dict[str, Any]:
    """A pattern: often only a kind, sometimes each of the other conditions."""
    pattern: dict[str, Any] = {"kind": draw(st.sampled_from(kinds))}
    if seldom(draw):
        pattern["result"] = draw(some(RESULTS))
    if seldom(draw, 5):
        pattern["number"] = draw(bounds())
    if seldom(draw, 4):
        pattern["sources"] = draw(some(CLASSES, 3))
    if seldom(draw, 5):
        pattern["inside"] = draw(st.sampled_from(AREAS[:-1]))
    if seldom(draw, 5):
        pattern["outside"] = draw(st.sampled_from(AREAS[:-1]))
    return pattern


@st.composite
def unders(draw: Draw) -> dict[str, Any]:
    """Under a designation: of the area, of the place, or of either; with or without look-back."""
    under: dict[str, Any] = {"level": draw(st.sampled_from(LEVELS))}
    if draw(st.booleans()):
        under["look_back"] = draw(durations)
    if draw(st.booleans()):
        under["of"] = draw(some(("area", "place")))
    return under


@st.composite
def early_ends(draw: Draw, kinds: list[str]) -> dict[str, Any]:
    """An early end with any of its conditions."""
    end: dict[str, Any] = {"when": draw(patterns(kinds))}
    if not seldom(draw):
        end["after"] = draw(moments(plus=short_durations))
    if seldom(draw):
        end["lasting"] = draw(short_durations)
    if seldom(draw, 2):
        end["same_source"] = True
    end["count"] = draw(st.sampled_from((2, 1, 3)))
    if end["count"] > 1 and not seldom(draw):
        end["apart"] = draw(short_durations)
    if seldom(draw):
        end["plus"] = draw(durations)
    return end


@st.composite
def rules(draw: Draw, name: str, colour: str, kinds: list[str], nothing: str) -> dict[str, Any]:
    """A rule's document, with none to three early ends; `nothing` is the colour of no facts."""
    when = draw(patterns(kinds))
    if seldom(draw, 2):
        when["under"] = draw(unders())
    window = {"until": draw(untils())}
    if seldom(draw):
        window["from"] = draw(moments(edges=("start",), plus=short_durations))
    # Mostly those whom an early end wants to hear are among those who may release.
    ends = draw(st.lists(early_ends(kinds), min_size=draw(st.sampled_from((1, 1, 0))), max_size=3))
    heard = (
        [] if seldom(draw) else [name for end in ends for name in end["when"].get("sources", ())]
    )
    released_by = list(dict.fromkeys([*draw(some(CLASSES, 4)), *heard])) if ends else []
    return {
        "id": name,
        **dict.fromkeys(("title", "reason", "instructions", "source", "releaser"), WORDS),
        "colour": colour,
        "when": when,
        "window": window,
        "released_by": released_by,
        "early_ends": ends,
        "examples": [{"title": "no facts", "facts": [], "colours": {"2020-01-10": nothing}}],
    }


@st.composite
def rulebooks(draw: Draw) -> Rulebook:
    """A rulebook of one to four rules; the first declares, or nothing needs a declaration."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=3, unique=True))
    declares = draw(st.booleans())
    warnings = ("orange", "red")
    rest = draw(st.lists(st.sampled_from((*warnings, "green") if declares else warnings)))[:3]
    colours = ["green" if declares else draw(st.sampled_from(warnings)), *rest]
    nothing = "grey" if declares else "green"
    return Rulebook.model_validate(
        {
            "name": "drawn",
            "version": "1",
            "title": WORDS,
            "undeclared": nothing,
            "rules": [
                draw(rules(f"rule-{number}", colour, kinds, nothing))
                for number, colour in enumerate(colours)
            ],
        }
    )


def sources_of(*allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The sources whose class every list allows; an empty list allows any, as in a pattern."""
    return tuple(
        source
        for source, speaker in SOURCES.items()
        if all(speaker in named for named in allowed if named)
    )


@st.composite
def spans(
    draw: Draw, *, begin: Any = instants, shapes: tuple[str, ...] = SHAPES
) -> tuple[datetime, datetime | Going | None]:
    """A start with an end: a moment, a closed span, or still going on."""
    start = draw(begin)
    shape = draw(st.sampled_from(shapes))
    if shape == "moment":
        return start, None
    if shape == "going on":
        return start, Going.ON
    return start, draw(not_before(start))


def not_before(instant: datetime) -> st.SearchStrategy[datetime]:
    """A pool instant at or after this one, more often a near one."""
    later = [each for each in INSTANTS if each >= instant]
    return st.sampled_from(later[:NEAR]) | st.sampled_from(later)


@st.composite
def recordings(draw: Draw) -> dict[str, datetime | None]:
    """When a row was recorded, and perhaps retracted; once in a while not stamped yet."""
    if seldom(draw, 25):
        return {"recorded_at": None, "retracted_at": None}
    recorded = draw(early_instants | instants)
    retracted = draw(not_before(recorded)) if seldom(draw, 10) else None
    return {"recorded_at": recorded, "retracted_at": retracted}


@st.composite
def facts(
    draw: Draw,
    person: int,
    pattern: Pattern,
    sources: tuple[str, ...] = (),
    span: Any = None,
) -> Fact:
    """A fact that meets the pattern; one in ten, in nothing but its kind."""
    kind = pattern.kind.value
    if seldom(draw, 10):
        pattern, sources = Pattern(kind=pattern.kind), ()
    figures = [None, *(Decimal(figure) for figure in NUMBERS)]
    if pattern.number is not None:
        figures = [each for each in figures if meets_numbers(each, pattern.number)]
    areas = [area for area in AREAS if area_fits(area, pattern)] or list(AREAS)
    source = draw(st.sampled_from(sources or sources_of(pattern.sources) or tuple(SOURCES)))
    start, end = draw(span if span is not None else spans())
    return Fact(
        fact=0,
        person=person,
        kind=kind,
        started_at=start,
        ended_at=end,
        result=draw(st.sampled_from(pattern.result or ("", *RESULTS))),
        number=draw(st.sampled_from(figures or [None])),
        area=draw(st.sampled_from(areas)),
        place=draw(st.sampled_from(PLACES)),
        source=source,
        source_class=SOURCES[source],
        **draw(recordings()),
    )


def area_fits(area: str, pattern: Pattern) -> bool:
    """Whether an area meets what the pattern says of it."""
    inside = pattern.inside is None or lies_in(area, pattern.inside)
    outside = pattern.outside is None or (area != "" and not lies_in(area, pattern.outside))
    return inside and outside


@st.composite
def stories(draw: Draw, rulebook: Rulebook, persons: int) -> list[Fact]:
    """A fact that opens a window, and often those that may end it, told about one person."""
    person = draw(st.integers(1, persons))
    rule = draw(st.sampled_from(rulebook.rules))
    trigger = draw(facts(person, rule.when, span=spans(begin=early_instants)))
    if not rule.early_ends or seldom(draw, 4):
        return [trigger]
    end = draw(st.sampled_from(rule.early_ends))
    heard = sources_of(end.when.sources, rule.released_by)
    if end.same_source and trigger.source in heard:
        heard = (trigger.source,)
    since = trigger.started_at
    if end.after.edge == "end" and isinstance(trigger.ended_at, datetime):
        since = trigger.ended_at
    shapes = ("span", "span", "going on") if end.lasting else ("moment", "moment", *SHAPES)
    span = spans(begin=not_before(since), shapes=shapes)
    more = end.count + draw(st.integers(0, 2))
    return [trigger, *(draw(facts(person, end.when, heard, span)) for _ in range(more))]


def starts_around(fact: Fact, look_back: Duration) -> st.SearchStrategy[datetime]:
    """A start of a designation: shortly before the fact, or as late as the look-back allows."""
    before = [each for each in INSTANTS if each <= fact.started_at][-NEAR:]
    latest = add(end_of(fact) or fact.started_at, look_back)
    near_latest = sorted(INSTANTS, key=lambda each: abs(each - latest))[: len(OF_THE_DAY)]
    return st.sampled_from(before) | st.sampled_from(near_latest)


@st.composite
def designations(draw: Draw, rulebook: Rulebook, told: list[Fact], number: int) -> Designation:
    """A designation, mostly of a level that a rule names, around where and when a fact was."""
    cases = [
        (rule.when.under, fact)
        for rule in rulebook.rules
        if rule.when.under is not None
        for fact in told
        if matches(fact, rule.when) and (fact.area or fact.place)
    ]
    level, areas, places = draw(st.sampled_from(LEVELS)), AREAS, PLACES
    span = spans()
    if cases and not seldom(draw, 4):
        under, fact = draw(st.sampled_from(cases))
        level = under.level.value
        places = (fact.place, "")
        areas = tuple(area for area in AREAS[::-1] if lies_in(fact.area, area)) or ("",)
        span = spans(begin=starts_around(fact, under.look_back), shapes=SHAPES[1:])
    start, end = draw(span)
    return Designation(
        designation=number,
        level=level,
        started_at=start,
        ended_at=None if isinstance(end, Going) else end,
        area=draw(st.sampled_from(areas)),
        place=draw(st.sampled_from(places)),
        **draw(recordings()),
    )


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a judgement takes."""

    rulebook: Rulebook
    facts: tuple[Fact, ...]
    designations: tuple[Designation, ...]
    at: datetime
    known_at: datetime | None

    @property
    def persons(self) -> tuple[int, ...]:
        """Who has facts, and one person who has none."""
        return (0, *sorted({fact.person for fact in self.facts}))


@st.composite
def worlds(draw: Draw, rulebook: Rulebook | None = None) -> World:
    """A rulebook, up to fourteen facts of up to four persons, designations, and two moments."""
    rulebook = rulebook or draw(rulebooks())
    persons = draw(st.integers(1, 4))
    anything = patterns(list(KINDS)).map(Pattern.model_validate)
    told: list[Fact] = []
    for _ in range(draw(st.sampled_from((4, 3, 5, 2, 1, 0)))):
        told += draw(stories(rulebook, persons))
    for _ in range(draw(st.integers(0, 3))):
        told.append(draw(facts(draw(st.integers(1, persons)), draw(anything))))
    told = told[-MOST_FACTS:]
    numbers = draw(st.permutations(range(1, len(told) + 1)))
    facts_told = tuple(replace(fact, fact=n) for fact, n in zip(told, numbers, strict=True))
    put = tuple(
        draw(designations(rulebook, told, number))
        for number in range(1, draw(st.sampled_from((3, 5, 4, 2, 1, 0))) + 1)
    )
    recorded = [row.recorded_at for row in (*told, *put) if row.recorded_at]
    retracted = [row.retracted_at for row in (*told, *put) if row.retracted_at]
    changes = st.sampled_from(recorded or INSTANTS) | st.sampled_from(retracted or INSTANTS)
    known_at = draw(st.none() | last_instants | changes)
    found = findings(facts_told, put, rulebook, known_at)
    edges = sorted({edge for each in found for edge in (each.opens, each.until) if edge})
    at = draw(instants | st.sampled_from(edges or INSTANTS))
    return World(rulebook, facts_told, put, at, known_at)


def keeping(rulebook: Rulebook, keep: Callable[[Any], bool]) -> Rulebook:
    """The same rulebook with only the early ends that are to be kept."""

    def thinned(rule: Rule) -> Rule:
        ends = tuple(end for end in rule.early_ends if keep(end))
        return rule.model_copy(update={"early_ends": ends})

    rules_kept = tuple(thinned(rule) for rule in rulebook.rules)
    return rulebook.model_copy(update={"rules": rules_kept})


def happenings(world: World) -> set[str]:
    """What really happens in a world, so that a property over worlds cannot become empty."""

    def judged(rulebook: Rulebook, known_at: datetime | None = world.known_at) -> set[Any]:
        return findings(world.facts, world.designations, rulebook, known_at)

    book = world.rulebook
    found = judged(book)
    under = {rule.id for rule in book.rules if rule.when.under}
    with_start_only = keeping(book, lambda end: end.after.edge == "start")
    tests = {
        "a finding": bool(found),
        "a window without end": any(each.until is None for each in found),
        "findings of several persons": len({each.person for each in found}) > 1,
        "an early end": found != judged(keeping(book, lambda _: False)),
        "an early end by count": found != judged(keeping(book, lambda end: end.count == 1)),
        "an early end far apart": found != judged(keeping(book, lambda end: not end.apart.count)),
        "an early end that lasted": found != judged(keeping(book, lambda end: not end.lasting)),
        "an early end by one source": found != judged(keeping(book, lambda e: not e.same_source)),
        "an early end after the end": found != judged(with_start_only),
        "a designation": any(each.rule in under for each in found),
        "something not known yet": found != judged(book, None),
    }
    return {name for name, happened in tests.items() if happened}
