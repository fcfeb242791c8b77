"""Feeds: what departments push, in files; nothing lost, nothing twice, every bad row reported."""
