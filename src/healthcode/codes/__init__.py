"""What a person carries: the credential, its status, and how it is verified."""

from healthcode.codes.terms import Outcome

__all__ = ["Outcome"]
