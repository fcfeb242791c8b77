"""What is known about people and places, by whom, and since when."""

from healthcode.evidence.terms import Designation, Fact, Going, Kind, Level, SourceClass

__all__ = ["Designation", "Fact", "Going", "Kind", "Level", "SourceClass"]
