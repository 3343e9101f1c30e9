"""Programs that every back end must run alike: see `tests.conformance.vectors`."""
