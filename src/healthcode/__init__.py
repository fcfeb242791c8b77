"""Health Code 健康码: from evidence to a colour with reasons. See docs/architecture.md."""

from importlib.metadata import version

__version__ = version("healthcode")
