"""Abstract domains: what is known of a value without running the program."""
