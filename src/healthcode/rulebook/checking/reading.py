"""An example as rows: its facts, designations and moments, or what in it cannot be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from healthcode.kit.clock import SHANGHAI
from healthcode.kit.words import Words
from healthcode.places import kept_code
from healthcode.rulebook.terms import Example, ExampleDesignation, ExampleFact

KNOWN = datetime(2020, 1, 1)  # noqa: DTZ001 - leaves have no zone
"""When the facts of examples were recorded, and what is asked for: all of it is known."""

Row = dict[str, object]
TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
YEARS = range(1900, 9000)  # as files are read; a later end is one that has not come
GOING_ON = "infinity"
STEP = Decimal("0.001")
LARGEST = Decimal("999999.999")


@dataclass
class Read:
    """An example's rows, without person and fact; `wrong` says what could not be read."""

    facts: list[Row] = field(default_factory=list)
    designations: list[Row] = field(default_factory=list)
    moments: dict[str, datetime | None] = field(default_factory=dict)
    wrong: list[Words] = field(default_factory=list)

    def say(self, where: str, zh: str, en: str) -> None:
        """Keep what is wrong, and where in the example."""
        self.wrong.append(Words(zh=f"{where}：{zh}。", en=f"{where}: {en}."))


def read(example: Example) -> Read:
    """An example as the engine's rows; times are in UTC without a zone."""
    made = Read()
    for number, fact in enumerate(example.facts, start=1):
        made.facts.append(_fact(fact, f"facts.{number}", made))
    for number, each in enumerate(example.designations, start=1):
        made.designations.append(_designation(each, f"designations.{number}", made))
    for text in example.colours:
        moment = _time(text, "colours", made)
        same = [said for said, at in made.moments.items() if at == moment and at is not None]
        if same:
            made.say(
                "colours",
                f"{same[0]} 与 {text} 是同一时刻，只需写一次",
                f"{same[0]} and {text} are the same moment; name it once",
            )
        made.moments[text] = moment
    return made


def _fact(fact: ExampleFact, where: str, made: Read) -> Row:
    started, ended = _span(fact, where, made)
    if fact.result and WORD.fullmatch(fact.result) is None:
        made.say(
            f"{where}.result",
            f"“{fact.result}”不是一个小写英文单词",
            f'"{fact.result}" is no lower-case word',
        )
    number = fact.number
    if number is not None and (abs(number) > LARGEST or number != number.quantize(STEP)):
        made.say(
            f"{where}.number",
            f"{number} 过大，或小数超过三位",
            f"{number} is too large, or has more than three decimals",
        )
    return {
        "kind": fact.kind.value,
        "result": fact.result,
        "number": number,
        "area": _area(fact.area, where, made),
        "place": fact.place,
        "source": fact.source.value,
        "source_class": fact.source.value,
        "started": started,
        "ended": ended if fact.ended_at else started,  # without an end it is a moment
        "states_end": bool(fact.ended_at),
        "recorded": KNOWN,
        "retracted": None,
    }


def _designation(each: ExampleDesignation, where: str, made: Read) -> Row:
    started, ended = _span(each, where, made)
    if not (each.area or each.place):
        made.say(
            where,
            "既没有 area 也没有 place，不覆盖任何地方",
            "it names neither an area nor a place, so it covers nothing",
        )
    return {
        "level": each.level.value,
        "area": _area(each.area, where, made),
        "place": each.place,
        "started": started,
        "ended": ended,
        "recorded": KNOWN,
        "retracted": None,
    }


def _span(
    of: ExampleFact | ExampleDesignation, where: str, made: Read
) -> tuple[datetime | None, datetime | None]:
    """The start and the end; no end where none is stated, or it has not come."""
    started = _time(of.started_at, f"{where}.started_at", made)
    if not of.ended_at or _has_not_come(of.ended_at):
        return started, None
    ended = _time(of.ended_at, f"{where}.ended_at", made)
    if started is not None and ended is not None and ended < started:
        made.say(
            f"{where}.ended_at",
            f"{of.ended_at} 早于开始时间 {of.started_at}",
            f"{of.ended_at} is before its start, {of.started_at}",
        )
    return started, ended


def _has_not_come(end: str) -> bool:
    written = TIME.fullmatch(end) is not None
    return end == GOING_ON or (written and int(end[:4]) >= YEARS.stop)


def _time(text: str, where: str, made: Read) -> datetime | None:
    """A local time as an official writes it; none where it cannot be read."""
    if TIME.fullmatch(text) is not None and int(text[:4]) in YEARS:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            pass  # a day or an hour that no calendar has
        else:
            local = found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
            return local.astimezone(UTC).replace(tzinfo=None)
    made.say(
        where,
        f"“{text}”不是有效的时间，请写作 2020-02-01 或 2020-02-01T08:30",
        f'"{text}" is no time: write 2020-02-01 or 2020-02-01T08:30',
    )
    return None


def _area(text: str, where: str, made: Read) -> str:
    try:
        return kept_code(text)
    except ValueError:
        made.say(
            f"{where}.area",
            f"“{text}”不是行政区划代码，应为 2、4、6、9 或 12 位数字",
            f'"{text}" is no division code, which has 2, 4, 6, 9 or 12 digits',
        )
        return ""
