"""CO-RE relocations of a program: what it takes from the running kernel's types.

    for each in core_uses(program.bytecode, btf, ext): each.type, each.path, each.insn        "xdp_md", "data_end", 3

Relocations of the context and of headers that are the same everywhere mean nothing; others are about kernel memory, which programs
cannot reach on Windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.errors import InputError
from bpfcc.frontend.core_spec import ENUM_KINDS, FIELD_EXISTS, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import Bytecode
    from bpfcc.compat.rewrite.entries import Notes
    from bpfcc.compat.rewrite.table import Correspondence
    from bpfcc.frontend.btf import Btf, CoreRelocation
    from bpfcc.frontend.btf.ext import BtfExt

SLOT: Final = 8
# enum bpf_core_relo_kind: what the program asks.
QUESTIONS: Final = {
    0: "the offset", 1: "the size", 2: "the existence", 3: "the sign", 4: "the position", 5: "the position", 6: "the number",
    7: "the number", 8: "the existence", 9: "the size", 10: "the existence", 11: "the value", 12: "the match",
}  # fmt: skip
FIELD_KINDS: Final = frozenset(range(6))
LOCAL_TYPE_ID: Final = 6
KERNEL_FIELD: Final = "it is about a Linux kernel's own types, whose memory is out of reach: take what the context has, or a map"
KERNEL_TYPE: Final = "it is about a Linux kernel's own types, and there is no kernel to ask: write the answer in its place"


class CoreUse(NamedTuple):
    """One relocation: of which function and instruction, about which type, what in it (empty for all of it), and what it asks."""

    function: str
    insn: int
    type: str
    path: str
    kind: int

    @property
    def name(self) -> str:
        """In words."""
        between = "." if self.path and not self.path.startswith(("[", " ")) else ""
        return f"{QUESTIONS.get(self.kind, 'something')} of {self.type}{between}{self.path}"


def core_uses(code: Bytecode, btf: Btf, ext: BtfExt) -> Iterator[CoreUse]:
    """The relocations in a program's functions."""
    for span in code.functions:
        for each in ext.core_relocations.get(span.section, ()):
            slot = each.insn_offset // SLOT - span.section_start
            if 0 <= slot < span.length:
                yield CoreUse(span.name, span.start + slot, type_name(btf, each.type_id), path_of(btf, each), each.kind)


def type_name(btf: Btf, type_id: int) -> str:
    """A type's name without its qualifiers."""
    return btf.name(btf.skip_modifiers(type_id)) or f"type {type_id}"


def path_of(btf: Btf, relocation: CoreRelocation) -> str:
    """The names of what is accessed, its numbers where the types do not tell."""
    try:
        spec = parse(btf, relocation)
    except InputError:
        return f" ({relocation.access})"
    return (spec.accessors[0].name or "") if relocation.kind in ENUM_KINDS else spec.path()


def note_core(uses: Iterable[CoreUse], module: Module, table: Correspondence, notes: Notes) -> None:
    """What becomes of each."""
    from bpfcc.runtime.specs import load_platform

    contexts = load_platform("linux").context_types(module.type) if module.type is not None else frozenset()
    for use in uses:
        name = use.name
        place = {"function": use.function, "insn": use.insn}
        plain = use.type.split("___", 1)[0]
        if use.kind in FIELD_KINDS and plain in contexts:
            notes.add("core", name, "same", plain, "the context's fields are rewritten", **place)  # type: ignore[arg-type]
        elif use.kind in FIELD_KINDS and plain in table.stable_types:
            notes.add("core", name, "same", plain, "it lies the same everywhere", **place)  # type: ignore[arg-type]
        elif use.kind == LOCAL_TYPE_ID:
            notes.add("core", name, "same", plain, "a number of the program's own types", **place)  # type: ignore[arg-type]
        else:
            notes.absent("core", name, KERNEL_FIELD if use.kind in FIELD_KINDS and use.kind != FIELD_EXISTS else KERNEL_TYPE, **place)  # type: ignore[arg-type]
