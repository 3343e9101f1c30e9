"""The instruction set and the SSA IR: lifting, checking, printing, passes."""
