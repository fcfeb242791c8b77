"""Every colour explains itself: its rule, on what it rests, until when, who can end it.

A reason names the facts' kinds, dates and the class of who said so; never another person, and
never a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from healthcode.evidence import Kind, SourceClass, facts_of
from healthcode.kit.db import Transaction
from healthcode.kit.words import Words
from healthcode.rulebook.actions import Judgement
from healthcode.rulebook.terms import SEVERITY, Colour

KIND_WORDS = {
    Kind.DECLARATION: Words(zh="健康申报", en="health declaration"),
    Kind.SYMPTOM: Words(zh="症状", en="symptom"),
    Kind.TEMPERATURE: Words(zh="体温", en="temperature"),
    Kind.STAY: Words(zh="停留", en="stay"),
    Kind.ARRIVAL: Words(zh="抵达", en="arrival"),
    Kind.CONTACT: Words(zh="接触", en="contact"),
    Kind.VISIT: Words(zh="到访", en="visit"),
    Kind.DIAGNOSIS: Words(zh="诊断", en="diagnosis"),
    Kind.DISCHARGE: Words(zh="出院", en="discharge"),
    Kind.TEST: Words(zh="检测", en="test"),
    Kind.ISOLATION: Words(zh="隔离", en="isolation"),
    Kind.OBSERVATION: Words(zh="居家医学观察", en="home medical observation"),
    Kind.CLEARANCE: Words(zh="解除", en="clearance"),
    Kind.ORDER: Words(zh="管控令", en="order"),
}

CLASS_WORDS = {
    SourceClass.SELF: Words(zh="本人申报", en="declared in person"),
    SourceClass.GATE: Words(zh="场所查验", en="a gate"),
    SourceClass.COMMUNITY: Words(zh="社区", en="the community"),
    SourceClass.CLINIC: Words(zh="医疗机构", en="a clinic"),
    SourceClass.AUTHORITY: Words(zh="疫情防控部门", en="the health authority"),
    SourceClass.REGION: Words(zh="其他地区", en="another region"),
}

COLOUR_WORDS = {
    Colour.GREY: Words(zh="灰码", en="grey"),
    Colour.GREEN: Words(zh="绿码", en="green"),
    Colour.ORANGE: Words(zh="橙码", en="orange"),
    Colour.RED: Words(zh="红码", en="red"),
}

UNDECLARED = Words(
    zh="目前没有有效的健康申报，因此没有健康码颜色。请先申报健康情况。",
    en="There is no valid health declaration, so there is no colour. Please declare your health.",
)
NOTHING_KNOWN = Words(zh="没有需要留意的记录。", en="Nothing on record asks for attention.")


@dataclass(frozen=True, slots=True)
class Reason:
    """One active finding in words. Times are aware; `until` None means no end is known yet."""

    rule: str
    colour: Colour
    title: Words
    reason: Words
    instructions: Words
    source: Words
    releaser: Words
    fact: Words
    fact_started_at: datetime
    fact_ended_at: datetime | None
    fact_source: Words
    opens: datetime
    until: datetime | None


def explain(transaction: Transaction, judgement: Judgement) -> list[Reason]:
    """The active findings of a judgement in words, the most severe first.

    A valid declaration explains green; beside orange or red its advice would only confuse.
    """
    shown = max(SEVERITY[judgement.standing.colour], SEVERITY[Colour.GREEN])
    least = min(shown, SEVERITY[Colour.ORANGE])
    active = [
        each
        for each in judgement.findings
        if each.opens <= judgement.at
        and (each.until is None or each.until > judgement.at)
        and SEVERITY[each.colour] >= least
    ]
    active.sort(key=lambda each: (-SEVERITY[each.colour], each.opens, each.rule, each.fact))
    facts = facts_of(transaction, judgement.standing.person)
    reasons = []
    for each in active:
        rule, fact = judgement.rulebook.rule(each.rule), facts[each.fact]
        reasons.append(
            Reason(
                rule=rule.id,
                colour=each.colour,
                title=rule.title,
                reason=rule.reason,
                instructions=rule.instructions,
                source=rule.source,
                releaser=rule.releaser,
                fact=KIND_WORDS[Kind(fact.kind)],
                fact_started_at=fact.started_at,
                fact_ended_at=fact.ended_at,
                fact_source=CLASS_WORDS[SourceClass(fact.source_class)],
                opens=each.opens,
                until=each.until,
            )
        )
    return reasons
