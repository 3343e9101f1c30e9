"""Whole paths, as users go them."""
