"""The transfer functions of the verifier, run on symbols and proven."""
