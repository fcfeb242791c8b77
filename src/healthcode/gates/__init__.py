"""What a place asks of a code: policies, and the decision at the door."""

from healthcode.gates.actions import check
from healthcode.gates.terms import (
    Answer,
    BadPolicy,
    Decided,
    Decision,
    Helper,
    Policy,
    Temperature,
    decide,
    read_policy,
)

__all__ = [
    "Answer",
    "BadPolicy",
    "Decided",
    "Decision",
    "Helper",
    "Policy",
    "Temperature",
    "check",
    "decide",
    "read_policy",
]
