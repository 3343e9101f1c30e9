"""One BTF type, decoded.

    t.id, t.kind, t.name, t.size       -> 7, "struct", "flow", 8
    t.members                          -> (Member("saddr", 2, 0, 0), Member("port", 3, 32, 0))

Kinds are named as `bpftool` names them, in lower case. `Documentation/bpf/btf.rst` of the kernel has the encoding.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, final

KindName = Literal[
    "void", "int", "ptr", "array", "struct", "union", "enum", "fwd", "typedef", "volatile", "const", "restrict", "func",
    "func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64",
]  # fmt: skip

KINDS: Final[tuple[KindName, ...]] = (
    "void", "int", "ptr", "array", "struct", "union", "enum", "fwd", "typedef", "volatile", "const", "restrict", "func",
    "func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64",
)  # fmt: skip
NUMBER: Final[dict[KindName, int]] = {kind: number for number, kind in enumerate(KINDS)}

(
    VOID, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC,
    FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64,
) = range(len(KINDS))  # fmt: skip

# 32-bit words after the three of every type, and those for each of its `vlen` members.
EXTRA_WORDS: Final = (0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0)
MEMBER_WORDS: Final = (0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3)

# Kinds whose third word is a size; in all others it is a type id or zero.
SIZED: Final = frozenset({INT, STRUCT, UNION, ENUM, ENUM64, DATASEC, FLOAT})
MODIFIERS: Final = frozenset({VOLATILE, CONST, RESTRICT, TYPE_TAG})
MODIFIERS_AND_TYPEDEFS: Final = MODIFIERS | {TYPEDEF}

INT_SIGNED: Final = 1
INT_CHAR: Final = 2
INT_BOOL: Final = 4

LINKAGES: Final = ("static", "global", "extern")
Linkage = Literal["static", "global", "extern"]


class Member(NamedTuple):
    """A field of a struct or union. `bitfield_bits` is 0 for a field that is no bit-field."""

    name: str
    type_id: int
    bit_offset: int
    bitfield_bits: int


class Enumerator(NamedTuple):
    """A constant of an enum, with the sign the enum has."""

    name: str
    value: int


class Parameter(NamedTuple):
    """A parameter of a function; type 0 without a name as the last one stands for `...`."""

    name: str
    type_id: int


class Variable(NamedTuple):
    """A variable's place in its section."""

    type_id: int
    offset: int
    size: int


@final
class BtfType:
    """A decoded type. Fields that its kind does not have keep their defaults.

    `type_id`: pointed-to, element, aliased, returned or tagged type. `kflag`: a union (fwd), signed (enum), bit-fields (struct).
    `length` is an array's, `component` the member or parameter a declaration tag is for, -1 for the whole.
    """

    # Written out: `dataclass` takes a millisecond to make such a class, at every start.
    __slots__ = (
        "bit_offset", "bits", "component", "encoding", "enumerators", "id", "index_type_id", "kflag", "kind", "length", "linkage",
        "members", "name", "parameters", "size", "type_id", "variables",
    )  # fmt: skip

    def __init__(self, type_id: int, kind: KindName, name: str = "", *, kflag: bool = False) -> None:
        self.id = type_id
        self.kind: KindName = kind
        self.name = name
        self.kflag = kflag
        self.size = self.type_id = self.encoding = self.bits = self.bit_offset = self.index_type_id = self.length = 0
        self.linkage: Linkage = "static"
        self.component = -1
        self.members: tuple[Member, ...] = ()
        self.enumerators: tuple[Enumerator, ...] = ()
        self.parameters: tuple[Parameter, ...] = ()
        self.variables: tuple[Variable, ...] = ()

    def __repr__(self) -> str:
        return f"<BtfType {self.id} {self.kind} {self.name!r}>"

    @property
    def signed(self) -> bool:
        """Whether an integer or enum is signed."""
        return bool(self.encoding & INT_SIGNED) if self.kind == "int" else self.kflag
