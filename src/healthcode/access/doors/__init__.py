"""The doors that citizens come in by, one folder each."""
