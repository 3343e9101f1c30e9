"""Helpers as Python sees them."""
