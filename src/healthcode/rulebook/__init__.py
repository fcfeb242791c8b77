"""From evidence to colour, with reasons."""

from healthcode.rulebook.actions import Judgement, count_colours, follow, judge
from healthcode.rulebook.terms import Colour, Finding, Rulebook, Standing, StandingChanged

__all__ = [
    "Colour",
    "Finding",
    "Judgement",
    "Rulebook",
    "Standing",
    "StandingChanged",
    "count_colours",
    "follow",
    "judge",
]
