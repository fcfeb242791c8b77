"""Starts processes; knows every room."""
