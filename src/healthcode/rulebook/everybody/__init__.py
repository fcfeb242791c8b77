"""Everybody at once: snapshots, drafts tried on them, and the comparison of every night."""
