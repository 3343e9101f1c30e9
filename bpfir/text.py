"""How each operation is written, derived from its `SYNTAX`: what printer and parser share.

    "{result} = add.{width_bits} {lhs}, {rhs}"   ->   pieces ("{result}", " = add.", "{width_bits}", …) and one regular expression

The kind of a field (its annotation in `bpfcc.bpfir.ops`) says how it looks; `RENDER` and `PATTERN` have an entry for every kind.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, Literal, get_args, get_origin

from bpfcc.bpfir import ops
from bpfcc.bpfir.ops import OPERATIONS, Edge, Op, Operand, Value

if TYPE_CHECKING:
    from collections.abc import Callable

IR_VERSION: Final = 1
HEADER: Final = f"bpfir {IR_VERSION}"
MASK64: Final = (1 << 64) - 1
# Words for flags; the empty string where they are not set.
FLAGS: Final = {"signed": "s", "negated": "not "}
PLAIN_NAME: Final = re.compile(r"[A-Za-z_.$][\w.$]*\Z", re.ASCII)


def render_number(number: int) -> str:
    """A constant in [0, 2**64): small ones in decimal, those that are a negative 32-bit number with its sign, the rest in hex."""
    if number < 0x1_0000:
        return str(number)
    if number >= MASK64 - 0x7FFF_FFFF:
        return str(number - MASK64 - 1)
    return hex(number)


def render_operand(operand: Operand) -> str:
    """`v7`, or the constant."""
    return f"v{operand.id}" if type(operand) is Value else render_number(operand)


def render_list(operands: list[Operand]) -> str:
    """Operands with commas between them."""
    return ", ".join([render_operand(o) for o in operands])


def render_edge(edge: Edge) -> str:
    """`b3`, or `b3(v1, 7)` where the target has parameters; `+2` behind it are the edge's steps."""
    args = f"({render_list(edge.args)})" if edge.args else ""
    return f"b{edge.block.id}{args}+{edge.steps}" if edge.steps else f"b{edge.block.id}{args}"


def render_name(name: str) -> str:
    """A function's name; quoted where it is not a plain identifier."""
    return name if PLAIN_NAME.match(name) else json.dumps(name)


RENDER: Final[dict[str, Callable[..., str]]] = {
    "Value": render_operand,
    "Operand": render_operand,
    "list[Operand]": render_list,
    "Edge": render_edge,
    "Text": json.dumps,
    "str": render_name,
    "int": str,
    "word": str,
}

QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
NUMBER: Final = r"-?(?:0x[0-9a-f]+|\d+)"
OPERAND: Final = rf"v\d+|{NUMBER}"
PATTERN: Final[dict[str, str]] = {
    "Value": r"(v\d+)",
    "Operand": rf"({OPERAND})",
    "list[Operand]": r"([^()]*)",
    "Edge": r"(b\d+(?:\([^()]*\))?(?:\+\d+)?)",
    "Text": f"({QUOTED})",
    "str": rf"({QUOTED}|[A-Za-z_.$][\w.$]*)",
    "int": r"(-?\d+)",
}

_FIELD: Final = re.compile(r"\{(\w+)\}")


def kind_of(cls: type[Op], name: str) -> str:
    """The kind of a field, as `RENDER` names it; literals and aliases of literals are `word`."""
    annotation = cls.FIELDS[name]
    if annotation in RENDER:
        return annotation
    return "flag" if annotation == "bool" else "word"


def pieces(cls: type[Op]) -> list[tuple[str, str]]:
    """The syntax as (kind, text) pairs; kind "" is literal text, else `text` is the field's name."""
    out = []
    for at, text in enumerate(_FIELD.split(cls.SYNTAX)):
        if text:
            out.append((kind_of(cls, text), text) if at % 2 else ("", text))
    return out


def literals(cls: type[Op], name: str) -> tuple[object, ...]:
    """The values a `word` field may have."""
    annotation = cls.FIELDS[name]
    # The name of a literal type, or `Literal[1, 2]` written out: this module's own source, not input.
    hint = vars(ops).get(annotation) or eval(annotation, dict(vars(ops)))  # noqa: S307
    if get_origin(hint) is not Literal:
        raise TypeError(f"{cls.__name__}.{name} is no literal")
    return get_args(hint)


def pattern(cls: type[Op]) -> re.Pattern[str]:
    """The regular expression of a line without its instruction index."""
    out = []
    for kind, text in pieces(cls):
        if not kind:
            out.append(re.escape(text))
        elif kind == "flag":
            out.append(f"({FLAGS[text]})?")
        elif kind == "word":
            # Longest first, so that `atomic_fetch_or` is not read as `or`.
            words = sorted((str(v) for v in literals(cls, text)), key=len, reverse=True)
            out.append(f"({'|'.join(words)})")
        else:
            out.append(PATTERN[kind])
    return re.compile("".join(out) + r"\Z", re.ASCII)


def mnemonics(cls: type[Op]) -> set[str]:
    """Words that such an operation can begin with, after its result: the parser's index."""
    body = cls.SYNTAX.split(" = ", 1)[-1]
    first = re.split(r"[.\s(]", body, maxsplit=1)[0]
    found = {first}
    for name in _FIELD.findall(first):
        words = ("", FLAGS[name]) if kind_of(cls, name) == "flag" else literals(cls, name)
        found = {text.replace("{" + name + "}", str(word)) for text in found for word in words}
    return found


def grammar() -> dict[str, list[tuple[type[Op], re.Pattern[str]]]]:
    """Mnemonic -> operations that begin with it, each with its expression."""
    table: dict[str, list[tuple[type[Op], re.Pattern[str]]]] = {}
    for cls in OPERATIONS:
        compiled = pattern(cls)
        for mnemonic in mnemonics(cls):
            table.setdefault(mnemonic, []).append((cls, compiled))
    return table
