"""What a person carries: the credential, its status, and how it is verified."""

from healthcode.codes.actions import check
from healthcode.codes.terms import Outcome, Reading

__all__ = ["Outcome", "Reading", "check"]
