"""The differential fuzzer: `tools/fuzz.py` on the command line, a slice of it in the tests."""
