"""Benchmarks: how fast everybody is judged, and against which floors.

`python -m bench` runs them; `docs/howto/bench.md` says how to read what they print.
"""
