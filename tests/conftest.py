"""Found by pytest first: makes `tests` importable from every test below it."""
