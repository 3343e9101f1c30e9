"""The unit of everything after the frontend: maps, and the linked bytecode of a program with its side tables.

    Code = bytes of 8-byte slots, little-endian fields (canonical form, whatever the object's byte order was)
    slot index = instruction index; `lddw` takes two slots

The frontend makes `MapSpec` and `Bytecode`; the lifter turns `Bytecode` into functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

if TYPE_CHECKING:
    from bpfcc.diagnostics import SourcePosition

Endian = Literal["little", "big"]


@final
@dataclass(slots=True)
class MapSpec:
    """A map definition. Sizes in bytes; `type` as libbpf names it without the `BPF_MAP_TYPE_` prefix, in lower case.

    `initial` is the content of a global-data map (`.data`, `.rodata`, `.bss`), one value of `value_size` bytes.
    `values` holds the entries of an array of maps or programs that the object fills in: index -> name.
    `btf` is the BTF that the two type ids refer to (a `bpfcc.frontend.btf.Btf`; kept untyped, this package is below it).
    """

    name: str
    type: str
    key_size: int = 0
    value_size: int = 0
    max_entries: int = 0
    flags: int = 0
    inner: MapSpec | None = None
    values: Mapping[int, str] = field(default_factory=dict)
    pinning: Literal["none", "by_name"] = "none"
    numa_node: int | None = None
    map_extra: int = 0
    section: str | None = None
    initial: bytes | None = None
    btf: Any = None
    btf_key_type_id: int = 0
    btf_value_type_id: int = 0

    @property
    def read_only_program(self) -> bool:
        """Whether programs may not write it (`BPF_F_RDONLY_PROG`)."""
        return bool(self.flags & 0x80)


@final
@dataclass(frozen=True, slots=True)
class FunctionSpan:
    """A function inside linked bytecode: slots `[start, start + length)`."""

    name: str
    start: int
    length: int
    # Function type in the object's BTF, 0 where there is none.
    btf_type_id: int = 0
    # "static" functions are judged in the context of their callers, "global" ones by prototype.
    linkage: Literal["static", "global", "extern"] = "global"
    # Where the function lies in the object: its section and first slot there; what debug information goes by.
    section: str = ""
    section_start: int = 0


@final
@dataclass(frozen=True, slots=True)
class Extern:
    """A `.ksyms` or `.kconfig` symbol: a kernel function or variable, or a configuration value.

    `module`: GUID of the module that a function is in, where its declaration says so.
    """

    name: str
    kind: Literal["kfunc", "ksym", "kconfig"]
    weak: bool = False
    btf_type_id: int = 0
    module: str | None = None


@final
@dataclass(slots=True)
class Bytecode:
    """Linked instructions of one program: entry function first, then every subprogram it reaches.

    Conventions inside `code`, after linking (all pseudo forms as in RFC 9669 section 5.4, with indices for file descriptors):

    - `lddw` src 1 (map) and 2 (map value; offset in the second imm): imm = index into `maps`
    - `lddw` src 4 (function address): the function starts at slot (of the `lddw`'s first half) + 1 + imm, as calls have it
    - `lddw` src 3 (kernel variable): imm = index into `externs`
    - `call` src 1: the function starts at slot + 1 + imm
    - `call` src 2 (kfunc): imm = index into `externs`, off = 0
    """

    code: bytes
    functions: tuple[FunctionSpan, ...]
    maps: tuple[MapSpec, ...] = ()
    externs: tuple[Extern, ...] = ()
    # First slot of each line-table entry -> place; an entry holds until the next one or the end of its function.
    lines: Mapping[int, SourcePosition] = field(default_factory=dict)
    # Slots that CO-RE could not resolve -> reason; such an instruction must not be reachable.
    unresolved: Mapping[int, str] = field(default_factory=dict)
    endian: Endian = "little"
