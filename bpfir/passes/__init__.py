"""Passes over the IR: each a function that says whether it changed anything."""
