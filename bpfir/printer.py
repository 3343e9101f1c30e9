"""The textual form of a module; `parser` is its exact inverse.

    bpfir 1
    type "xdp"
    map 0 {"name": "counters", "type": "array", …}
    fn @filter(v0) global {
    b0 steps 2:
      v1 = load.4 v0, 0 #0
      exit v1 #1
    }
    line 0 {"file": "filter.bpf.c", "line": 12, "column": 3}

`#n` is the index of the instruction that an operation came from; `steps` counts the instructions of bytecode that a block stands
for. `docs/ir.md` describes the rest.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.module import Extern, MapSpec
from bpfcc.bpfir.text import FLAGS, HEADER, RENDER, pieces, render_list, render_name

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function, Module
    from bpfcc.bpfir.ops import Op
    from bpfcc.diagnostics import SourcePosition


_PIECES: Final[dict[type[Op], list[tuple[str, str]]]] = {}


def _pieces(cls: type[Op]) -> list[tuple[str, str]]:
    if cls not in _PIECES:
        _PIECES[cls] = pieces(cls)
    return _PIECES[cls]


def print_op(op: Op) -> str:
    """One operation, without indentation."""
    out = []
    for kind, text in _pieces(type(op)):
        if not kind:
            out.append(text)
        elif kind == "flag":
            out.append(FLAGS[text] if getattr(op, text) else "")
        else:
            out.append(RENDER[kind](getattr(op, text)))
    if op.insn >= 0:
        out.append(f" #{op.insn}")
    return "".join(out)


def print_block(block: Block) -> str:
    """A block: its label with parameters, then a line for each operation."""
    params = f"({render_list(list(block.params))})" if block.params else ""
    steps = f" steps {block.steps}" if block.steps else ""
    lines = [f"b{block.id}{params}{steps}:"]
    lines += [f"  {print_op(op)}" for op in block.all_ops()]
    return "\n".join(lines)


def print_function(fn: Function) -> str:
    """A function with its blocks in order."""
    btf = f" btf {fn.btf_type_id}" if fn.btf_type_id else ""
    start = f" at {fn.start}" if fn.start else ""
    head = f"fn @{render_name(fn.name)}({render_list(list(fn.params))}) {fn.linkage}{btf}{start} {{"
    return "\n".join([head, *[print_block(block) for block in fn.blocks], "}"])


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, MapSpec):
        return record(value)
    if hasattr(value, "items"):
        return {str(k): v for k, v in value.items()}
    return value


def record(value: MapSpec | Extern | SourcePosition) -> dict[str, Any]:
    """The fields that differ from their defaults, as JSON has them (bytes in hex); the BTF object itself is left out."""
    out: dict[str, Any] = {}
    for item in fields(value):
        content = getattr(value, item.name)
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        if item.name != "btf" and (content != default or default is MISSING):
            out[item.name] = _plain(content)
    return out


def print_module(module: Module) -> str:
    """The whole module, ending in a newline."""
    lines = [HEADER]
    if module.type is not None:
        lines.append(f"type {json.dumps(module.type)}")
    if module.endian != "little":
        lines.append(f"endian {module.endian}")
    lines += [f"map {at} {json.dumps(record(spec))}" for at, spec in enumerate(module.maps)]
    lines += [f"extern {at} {json.dumps(record(extern))}" for at, extern in enumerate(module.externs)]
    lines += [print_function(fn) for fn in module.functions]
    lines += [f"line {insn} {json.dumps(record(module.lines[insn]))}" for insn in sorted(module.lines)]
    return "\n".join(lines) + "\n"
