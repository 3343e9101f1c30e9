"""Platforms as data: helpers, maps, program types, contexts."""
