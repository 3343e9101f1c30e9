"""Counterexamples: inputs with which the checked interpreter traps where the verifier says that a program is wrong.

    found = search(program, program.ir, finding)       Counterexample(packet=b"\\x00…", trap="… instruction 12: access of …")
    replay(program, found)                              the Trap
    run_arguments(program, found)                       what follows `bpfcc run OBJECT` to see it

Nothing is shown that was not replayed.
"""

from bpfcc.counterexamples.replaying import replay, run_arguments
from bpfcc.counterexamples.searching import search

__all__ = ["replay", "run_arguments", "search"]
