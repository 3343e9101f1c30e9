"""bpfcc: eBPF handlers in C, compiled, lifted to an SSA IR, and run anywhere."""

from __future__ import annotations

__version__ = "0.1.0"
