"""What is stored where: an address that leaves the stack is out of the program's hands.

store.8 v1, 0, v2       V024 where v1 is a map value and v2 an address
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.facts import pointers_of

if TYPE_CHECKING:
    from bpfcc.verifier.view import View


def check_stored(view: View, op: Any, problems: Problems) -> None:
    """The value of a store or an atomic operation."""
    value = view.known(op.value)
    found = [p for p in pointers_of(value) if p.region.kind != "unknown"]
    if not found:
        return
    targets = pointers_of(view.known(op.base))
    outside = [p for p in targets if p.region.kind != "frame"]
    frames = [p.region.type for p in targets if p.region.kind == "frame"]
    # What is left there would outlive the frame, and in the next call mean another one.
    if any(len(p.region.type) > len(chain) for p in found if p.region.kind == "frame" for chain in frames):
        problems.append(Problem("V010", "the address of a frame is stored in that of a caller, which is there for longer", role="value"))
    elif outside:
        problems.append(Problem("V024", f"an address ({found[0].region}) is stored in {outside[0].region}", role="value"))
    elif op.size_bytes < 8:
        problems.append(Problem("V024", f"a part of an address ({found[0].region}) is stored", role="value"))
