"""Where things are: the division tree of GB/T 2260."""

from healthcode.places.terms import covers, kept_code

__all__ = ["covers", "kept_code"]
