"""Judges the IR before it runs."""
