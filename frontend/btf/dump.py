"""BTF as text, in the form of `bpftool btf dump … format raw`.

[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 'flow' size=8 vlen=2
        'saddr' type_id=1 bits_offset=0
        'flags' type_id=1 bits_offset=32 bitfield_size=3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.frontend.btf.types import INT_BOOL, INT_CHAR, INT_SIGNED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.frontend.btf.model import Btf
    from bpfcc.frontend.btf.types import BtfType


def dump(btf: Btf) -> Iterator[str]:
    """The lines of the whole blob; members are on lines of their own, indented by a tab."""
    for found in btf.types():
        yield describe(btf, found)
        yield from _members(btf, found)


def describe(btf: Btf, found: BtfType) -> str:
    """A type on one line, without its members."""
    head = f"[{found.id}] {found.kind.upper()} '{found.name or '(anon)'}'"
    match found.kind:
        case "int":
            return f"{head} size={found.size} bits_offset={found.bit_offset} nr_bits={found.bits} encoding={_encoding(found.encoding)}"
        case "array":
            return f"{head} type_id={found.type_id} index_type_id={found.index_type_id} nr_elems={found.length}"
        case "struct" | "union":
            return f"{head} size={found.size} vlen={len(found.members)}"
        case "enum" | "enum64":
            return f"{head} encoding={'SIGNED' if found.kflag else 'UNSIGNED'} size={found.size} vlen={len(found.enumerators)}"
        case "fwd":
            return f"{head} fwd_kind={'union' if found.kflag else 'struct'}"
        case "func":
            return f"{head} type_id={found.type_id} linkage={found.linkage}"
        case "func_proto":
            return f"{head} ret_type_id={found.type_id} vlen={len(found.parameters)}"
        case "var":
            return f"{head} type_id={found.type_id}, linkage={found.linkage}"
        case "datasec":
            return f"{head} size={found.size} vlen={len(found.variables)}"
        case "float":
            return f"{head} size={found.size}"
        case "decl_tag":
            return f"{head} type_id={found.type_id} component_idx={found.component}"
        case "void":
            return head
        case _:
            return f"{head} type_id={found.type_id}"


def _members(btf: Btf, found: BtfType) -> Iterator[str]:
    for member in found.members:
        bits = f" bitfield_size={member.bitfield_bits}" if member.bitfield_bits else ""
        yield f"\t'{member.name or '(anon)'}' type_id={member.type_id} bits_offset={member.bit_offset}{bits}"
    for enumerator in found.enumerators:
        yield f"\t'{enumerator.name}' val={enumerator.value}"
    for parameter in found.parameters:
        yield f"\t'{parameter.name or '(anon)'}' type_id={parameter.type_id}"
    for variable in found.variables:
        kind = btf.kind(variable.type_id).upper()
        yield f"\ttype_id={variable.type_id} offset={variable.offset} size={variable.size} ({kind} '{btf.name(variable.type_id)}')"


def _encoding(encoding: int) -> str:
    names = [name for bit, name in ((INT_SIGNED, "SIGNED"), (INT_CHAR, "CHAR"), (INT_BOOL, "BOOL")) if encoding & bit]
    return " ".join(names) or "(none)"
