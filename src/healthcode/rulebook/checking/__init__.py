"""Looking a rulebook over before anybody is asked to agree to it.

Found are what does not fit the language, ids that would be mistaken for one another, rules that can
never count, and examples that the rulebook does not keep. Of a rule that is said never to count,
that is certain; not every such rule is found.
"""

from __future__ import annotations

from healthcode.rulebook.checking.examples import not_kept
from healthcode.rulebook.checking.faults import Fault, Found
from healthcode.rulebook.checking.language import misfits
from healthcode.rulebook.checking.reach import alike, idle, unreachable
from healthcode.rulebook.terms import Rulebook

__all__ = ["Fault", "Found", "look_over", "misfits"]


def look_over(rulebook: Rulebook) -> Found:
    """Everything that is wrong with a rulebook that fits the language."""
    faults = (*alike(rulebook), *unreachable(rulebook), *not_kept(rulebook))
    return Found(faults, tuple(idle(rulebook)))
