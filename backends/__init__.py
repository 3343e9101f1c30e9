"""Interchangeable ways to run the IR."""
