"""The interpreter: IR lowered to register code, run by a native loop."""
