"""What to write: the check in C, with the names and the types that are in scope, and the line before which it belongs.

    suggest(finding, namer)    "write `if (!flow) return XDP_PASS;` before line 35"

Only what follows from the code, the names in scope and the type of program, or what the engine says; else nothing, and the catalogue has
the general advice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.frontend.dwarf import Variable
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Finding, Role

# What a program of this type returns where it has nothing to say about a packet.
LEAVE: Final = {
    "xdp": "XDP_PASS", "sched_cls": "TC_ACT_OK", "sched_act": "TC_ACT_OK", "cgroup_skb": "1", "cgroup_sock_addr": "1",
    "sk_lookup": "SK_PASS",
}  # fmt: skip
SIMPLE: Final = re.compile(r"[A-Za-z_]\w*(?:(?:->|\.)\w+)*")
# How the engine writes a check that its finding lacks.
CHECK: Final = re.compile(r"if \((.*)\) return 0;")
# What a name is where there is none: a register, or words. A variable may be called `value` or `base` all the same.
UNNAMED: Final = re.compile(r"\b(?:r\d+|the|arg\d|argument)\b|[{}]")
CONTEXTS: Final = frozenset({"struct xdp_md *", "struct __sk_buff *"})
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

    def lines(self) -> Iterable[str]:
        """The source lines that the program is made from."""
        ...

    def element(self, insn: int) -> tuple[str, int] | None:
        """The index of the array element that an instruction accesses, and how many elements there are."""
        ...


def suggest(finding: Finding, names: Names) -> str | None:
    """A suggestion for a finding that has its names and its place: better than the engine's, that one in its place, or None."""
    given = finding.suggestion
    if finding.code == "V011" and _is_checked(finding, names):
        # The source has the check: to ask for it once more would help nobody.
        return None
    check = _own_check(finding, names)
    if check is None and given is not None and (match := CHECK.fullmatch(given)) is not None:
        condition = match[1]
        if UNNAMED.search(condition) is not None:
            # A check of something that the source has no name for helps nobody.
            return None
        check = f"if ({with_end(condition, finding.insn, names)}) {leave(finding, names)}"
    if check is None:
        return given
    line = f" before line {finding.source.line}" if finding.source is not None else ""
    return f"write `{check}`{line}"


def _own_check(finding: Finding, names: Names) -> str | None:
    make = MAKERS.get(finding.code)
    if finding.insn < 0 or finding.role is None:
        return None
    if finding.code in OF_ELEMENTS:
        return _index(finding, names)
    if make is None:
        return None
    name = names.name(finding.insn, finding.role)
    if SIMPLE.fullmatch(name) is None or UNNAMED.search(name) is not None:
        return None
    return make(name, finding, names)


def leave(finding: Finding, names: Names) -> str:
    """The statement that leaves the function: of those that are called (or inlined) it is not known what they return."""
    innermost = next((variable.function for variable in names.variables(finding.insn)), finding.function)
    of_program = finding.function == names.program.name == (innermost or finding.function)
    return f"return {LEAVE.get(names.program.type or '', '0') if of_program else '0'};"


def _null(name: str, finding: Finding, names: Names) -> str:
    return f"if (!{name}) {leave(finding, names)}"


def _divisor(name: str, finding: Finding, names: Names) -> str:
    return f"if ({name} == 0) {leave(finding, names)}"


def _index(finding: Finding, names: Names) -> str | None:
    element = names.element(finding.insn)
    if element is None or not element[1] or SIMPLE.fullmatch(element[0]) is None:
        return None
    return f"if ({element[0]} >= {element[1]}) {leave(finding, names)}"


def _packet(name: str, finding: Finding, names: Names) -> str | None:
    known = {variable.name: variable.type_name for variable in names.variables(finding.insn)}
    end, kind = _end_name(known), known.get(name, "")
    if end is None or not kind.startswith(("struct ", "const struct ")) or not kind.endswith("*") or kind.endswith("**"):
        return None
    return f"if ((void *)({name} + 1) > {end}) {leave(finding, names)}"


def _is_checked(finding: Finding, names: Names) -> bool:
    """Whether a line of the program compares the end of this structure with the end of the packet."""
    if finding.insn < 0 or finding.role is None:
        return False
    end = _end_name({variable.name: variable.type_name for variable in names.variables(finding.insn)})
    check = f"({names.name(finding.insn, finding.role)}+1)>{end}"
    return end is not None and any(check in "".join(line.split()) for line in names.lines())


def _end_name(known: dict[str, str]) -> str | None:
    """What the end of the packet is called here: a variable, or the context's field."""
    end = next((each for each in END_NAMES if each in known), None)
    context = next((name for name, kind in known.items() if kind in CONTEXTS), None)
    return end or (f"(void *)(long){context}->data_end" if context is not None else None)


def with_end(text: str, insn: int, names: Names) -> str:
    """The text with the packet's end as it is called here: a variable's name, or the context's field."""
    known = {variable.name: variable.type_name for variable in names.variables(insn)}
    end = _end_name(known)
    return text if end is None or "data_end" in known else re.sub(r"\bdata_end\b", end, text)


OF_ELEMENTS: Final = frozenset({"V010", "V013", "V014"})
MAKERS: Final = {"V011": _packet, "V020": _null, "V021": _divisor}
