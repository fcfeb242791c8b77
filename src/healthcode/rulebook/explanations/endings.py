"""What would end a window early, in words: each early end of a rule as one phrase."""

from __future__ import annotations

from healthcode.evidence import SourceClass
from healthcode.kit.words import Words
from healthcode.rulebook.explanations.reasons import CLASS_WORDS, KIND_WORDS
from healthcode.rulebook.terms import Duration, EarlyEnd, Moment, Numbers, Rule

SPEAKERS = CLASS_WORDS | {SourceClass.SELF: Words(zh="本人", en="the person")}
UNITS = {
    "d": (Words(zh="个自然日", en="local day"), Words(zh="个自然日", en="local days")),
    "h": (Words(zh="小时", en="hour"), Words(zh="小时", en="hours")),
    "m": (Words(zh="分钟", en="minute"), Words(zh="分钟", en="minutes")),
}
BOUNDS = {
    "at_least": Words(zh="不低于{n}", en="at least {n}"),
    "above": Words(zh="高于{n}", en="above {n}"),
    "at_most": Words(zh="不高于{n}", en="at most {n}"),
    "below": Words(zh="低于{n}", en="below {n}"),
}
EDGES = {
    "start": Words(zh="本事实的开始时间", en="the start of this fact"),
    "end": Words(zh="本事实的结束时间", en="the end of this fact"),
}
CLAUSES = {
    "recorded": Words(zh="{who}登记的{what}", en="{what}, recorded by {who}"),
    "result": Words(zh="（结果{results}）", en=" ({results})"),
    "number": Words(zh="，数值{bounds}", en=", its number {bounds}"),
    "inside": Words(zh="，在规则所列区划之内", en=", inside the division that the rule names"),
    "outside": Words(zh="，在规则所列区划之外", en=", outside the division that the rule names"),
    "count": Words(zh="，共{n}次", en=", {n} of them"),
    "apart": Words(
        zh="，每次结束至少比前一次晚{time}", en=", each ending at least {time} after the one before"
    ),
    "lasting": Words(zh="，至少持续{time}", en=", lasting at least {time}"),
    "after": Words(zh="，结束不早于{moment}", en=", ending no earlier than {moment}"),
    "later": Words(zh="{edge}之后{time}", en="{time} after {edge}"),
    "same_source": Words(zh="，且与本事实出自同一来源", en=", from the same source as this fact"),
    "plus": Words(zh="；窗口在其后{time}结束", en="; the window then ends {time} later"),
}


def end_words(rule: Rule, end: EarlyEnd) -> Words | None:
    """What an early end asks for, in words; None where no class may say it."""
    heard = [each for each in rule.released_by if not end.when.sources or each in end.when.sources]
    if not heard:
        return None
    what = [KIND_WORDS[end.when.kind]]
    if end.when.result:
        what.append(_clause("result", results=_same(", ".join(end.when.result))))
    if end.when.number is not None:
        what.append(_clause("number", bounds=_bounds(end.when.number)))
    what += [_clause(name) for name in ("inside", "outside") if getattr(end.when, name)]
    said = [_clause("recorded", what=_joined(what), who=_either([SPEAKERS[x] for x in heard]))]
    if end.count > 1:
        said.append(_clause("count", n=_same(str(end.count))))
    if not end.apart.is_none:
        said.append(_clause("apart", time=_time(end.apart)))
    if end.lasting is not None:
        said.append(_clause("lasting", time=_time(end.lasting)))
    if end.after != Moment("start"):
        said.append(_clause("after", moment=_moment(end.after)))
    if end.same_source:
        said.append(_clause("same_source"))
    if not end.plus.is_none:
        said.append(_clause("plus", time=_time(end.plus)))
    return _joined(said)


def _clause(name: str, **parts: Words) -> Words:
    return _filled(CLAUSES[name], **parts)


def _filled(words: Words, **parts: Words) -> Words:
    return Words(
        zh=words.zh.format(**{name: part.zh for name, part in parts.items()}),
        en=words.en.format(**{name: part.en for name, part in parts.items()}),
    )


def _joined(parts: list[Words], between: Words | None = None) -> Words:
    zh, en = ("", "") if between is None else (between.zh, between.en)
    return Words(zh=zh.join(part.zh for part in parts), en=en.join(part.en for part in parts))


def _either(parts: list[Words]) -> Words:
    first = [_joined(parts[:-1], Words(zh="、", en=", "))] if len(parts) > 1 else []
    return _joined([*first, parts[-1]], Words(zh="或", en=" or "))


def _same(text: str) -> Words:
    return Words(zh=text, en=text)


def _time(duration: Duration) -> Words:
    one, many = UNITS[duration.unit]
    unit = one if duration.count == 1 else many
    return Words(zh=f"{duration.count}{unit.zh}", en=f"{duration.count} {unit.en}")


def _moment(moment: Moment) -> Words:
    edge = EDGES[moment.edge]
    return edge if moment.plus.is_none else _clause("later", edge=edge, time=_time(moment.plus))


def _bounds(numbers: Numbers) -> Words:
    stated = [
        _filled(words, n=_same(f"{bound:f}"))
        for name, words in BOUNDS.items()
        if (bound := getattr(numbers, name)) is not None
    ]
    return _joined(stated, Words(zh="且", en=" and "))
