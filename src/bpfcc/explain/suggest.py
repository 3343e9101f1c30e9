"""What to write, where the engine did not say: the check in C, and the line before which it belongs.

    suggest(finding, namer)    "write `if (!flow) return XDP_PASS;` before line 35"

Only what follows from the code, the names in scope and the type of program; else nothing, and the catalogue has the general advice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from bpfcc.frontend.dwarf import Variable
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Finding, Role

# What a program of this type returns where it has nothing to say about a packet.
LEAVE: Final = {
    "xdp": "XDP_PASS", "sched_cls": "TC_ACT_OK", "sched_act": "TC_ACT_OK", "cgroup_skb": "1", "cgroup_sock_addr": "1",
    "sk_lookup": "SK_PASS",
}  # fmt: skip
SIMPLE: Final = re.compile(r"[A-Za-z_]\w*(?:(?:->|\.)\w+)*")
# Names that programs give the end of the packet.
END_NAMES: Final = ("data_end", "end", "pkt_end", "packet_end", "dend")


class Names(Protocol):
    """What a suggestion asks for."""

    program: Program

    def name(self, insn: int, role: Role) -> str:
        """What an operand is called."""
        ...

    def variables(self, insn: int) -> list[Variable]:
        """Variables in scope at an instruction."""
        ...


def suggest(finding: Finding, names: Names) -> str | None:
    """A suggestion, or None. The finding has its names and its place."""
    make = MAKERS.get(finding.code)
    if make is None or finding.insn < 0 or finding.role is None:
        return None
    name = names.name(finding.insn, finding.role)
    if SIMPLE.fullmatch(name) is None or re.fullmatch(r"r\d+", name) is not None:
        return None
    check = make(name, finding, names)
    if check is None:
        return None
    line = f" before line {finding.source.line}" if finding.source is not None else ""
    return f"write `{check}`{line}"


def leave(finding: Finding, names: Names) -> str:
    """The statement that leaves the function: of those that are called (or inlined) it is not known what they return."""
    innermost = next((variable.function for variable in names.variables(finding.insn)), finding.function)
    of_program = finding.function == names.program.name == (innermost or finding.function)
    return f"return {LEAVE.get(names.program.type or '', '0') if of_program else '0'};"


def _null(name: str, finding: Finding, names: Names) -> str:
    return f"if (!{name}) {leave(finding, names)}"


def _divisor(name: str, finding: Finding, names: Names) -> str:
    return f"if ({name} == 0) {leave(finding, names)}"


def _packet(name: str, finding: Finding, names: Names) -> str | None:
    known = {variable.name: variable.type_name for variable in names.variables(finding.insn)}
    end = next((each for each in END_NAMES if each in known), None)
    kind = known.get(name, "")
    if end is None or not kind.startswith(("struct ", "const struct ")) or not kind.endswith("*") or kind.endswith("**"):
        return None
    return f"if ((void *)({name} + 1) > {end}) {leave(finding, names)}"


MAKERS: Final = {"V011": _packet, "V020": _null, "V021": _divisor}
