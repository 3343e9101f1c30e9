"""Types of an object as C, short and whole.

type_text(btf, 7)      "struct flow"
btf_text(btf)          "struct flow {\\n\\t__u32 saddr;\\n…"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf

MAX_DEPTH: Final = 8


def type_text(btf: Btf, type_id: int, depth: int = MAX_DEPTH) -> str:
    """A type's name as C has it, without its members."""
    if not type_id or depth == 0:
        return "void" if not type_id else "…"
    found = btf.type(type_id)
    match found.kind:
        case "struct" | "union" | "enum" | "fwd":
            return f"{'struct' if found.kind == 'fwd' else found.kind} {found.name or '{…}'}"
        case "enum64":
            return f"enum {found.name or '{…}'}"
        case "ptr":
            return f"{type_text(btf, found.type_id, depth - 1)} *"
        case "array":
            return f"{type_text(btf, found.type_id, depth - 1)}[{found.length}]"
        case "const" | "volatile" | "restrict":
            return f"{found.kind} {type_text(btf, found.type_id, depth - 1)}"
        case "type_tag":
            return type_text(btf, found.type_id, depth - 1)
        case "func_proto":
            return "function"
        case _:
            return found.name or found.kind
