"""The one table of IR operations; operands, printing, parsing and effects derive from it.

    v3 = add.32 v1, 0xffffffff          Alu(result=v3, kind="add", width_bits=32, lhs=v1, rhs=0xffff_ffff)
    v4 = load.4 v0, 16                  Load(result=v4, size_bytes=4, base=v0, offset=16)
    if ult.64 v3, v4 then b1 else b2(v3)

Every value is a 64-bit word: a register that holds a pointer or a number depending on the path is daily bread, so there are no
pointer types. Operations of width 32 read the low halves of their operands and zero-extend the result (RFC 9669 section 4.1).
An operand is a `Value` or a Python integer in [0, 2**64), the constant itself.

Each class states its fields and its `SYNTAX` once. The annotation of a field says what it is: `Value` a result, `Operand` a use,
`tuple[Operand, ...]` uses, `Edge` a successor; the rest are attributes. `operation` derives `USES`, `EDGES` and the table from that.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar, dataclass_transform, final, get_args

from bpfcc.bpfir.semantics import AluKind, CompareKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpfcc.bpfir.function import Block

AtomicKind = Literal["add", "or", "and", "xor", "xchg"]
CastKind = Literal["zext", "sext"]
Width = Literal[32, 64]

ALU_KINDS: Final = get_args(AluKind)
COMPARE_KINDS: Final = get_args(CompareKind)


class Effect(Enum):
    """What an operation does besides computing its result."""

    NONE = "none"  # pure: may be dropped when its result is unused
    READS = "reads"  # reads memory and may trap
    WRITES = "writes"  # writes memory (and may read it)
    CALLS = "calls"  # runs other code
    LEAVES = "leaves"  # ends its block


@final
class Value:
    """An SSA value: one 64-bit word. `definition` is the operation that makes it, or the block whose parameter it is."""

    __slots__ = ("definition", "id")

    def __init__(self, id: int, definition: Op | Block | None = None) -> None:  # noqa: A002 - the field's own name
        self.id = id
        self.definition = definition

    def __repr__(self) -> str:
        return f"v{self.id}"


Operand = Value | int


@final
class Edge:
    """A way out of a block: the target and one argument for each of its parameters.

    `steps` counts instructions of bytecode on the way whose blocks are gone (see `Block.steps`).
    """

    __slots__ = ("args", "block", "steps")

    def __init__(self, block: Block, args: list[Operand], steps: int = 0) -> None:
        self.block = block
        self.args = args
        self.steps = steps

    def __repr__(self) -> str:
        return f"b{self.block.id}({', '.join(map(str, self.args))})"


class Op:
    """Base of all operations. `insn` is the slot of the instruction it came from, -1 for what a pass made."""

    __slots__ = ()
    SYNTAX: ClassVar[str]
    EFFECT: ClassVar[Effect]
    FIELDS: ClassVar[dict[str, str]]
    USES: ClassVar[tuple[str, ...]]
    ARGS: ClassVar[str | None]
    EDGES: ClassVar[tuple[str, ...]]
    HAS_RESULT: ClassVar[bool]
    insn: int

    def list_operands(self) -> list[Operand]:
        """See `operands`."""
        raise NotImplementedError

    def list_edges(self) -> list[Edge]:
        """See `edges`."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.FIELDS)})"


OPERATIONS: Final[list[type[Op]]] = []
_Operation = TypeVar("_Operation", bound=Op)


@dataclass_transform(eq_default=False)
def operation(cls: type[_Operation]) -> type[_Operation]:
    """Enter `cls` in the table, derive what its annotations say, and give it slots and a constructor.

    What `dataclass(slots=True, eq=False)` would do, in a tenth of its time: this module is imported by every command.
    """
    kinds = {name: str(kind) for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar")}
    if "insn" not in kinds:
        raise TypeError(f"operation {cls.__name__} has no instruction index")
    for name in kinds:
        if name != "insn" and "{" + name + "}" not in cls.SYNTAX:
            raise TypeError(f"operation {cls.__name__}: field {name} is missing from its syntax")
    if any(other.__name__ == cls.__name__ for other in OPERATIONS):
        raise TypeError(f"operation {cls.__name__} is defined twice")
    members = {name: value for name, value in vars(cls).items() if name not in {"insn", "__dict__", "__weakref__"}}
    members |= {
        "__slots__": tuple(kinds),
        **_methods(kinds),
        "FIELDS": kinds,
        "USES": tuple(name for name, kind in kinds.items() if kind == "Operand"),
        "ARGS": next((name for name, kind in kinds.items() if kind == "list[Operand]"), None),
        "EDGES": tuple(name for name, kind in kinds.items() if kind == "Edge"),
        "HAS_RESULT": "result" in kinds,
    }
    make: Callable[..., type[_Operation]] = type(cls)
    made = make(cls.__name__, cls.__bases__, members)
    OPERATIONS.append(made)
    return made


def _methods(kinds: dict[str, str]) -> dict[str, Callable[..., Any]]:
    """What every class has of its own, spelt out, since it is asked all the time; from annotations in this module, never from input."""
    names = ", ".join(f"{name}=-1" if name == "insn" else name for name in kinds)
    body = "".join(f"\n    self.{name} = {name}" for name in kinds)
    uses = [f"self.{name}" for name, kind in kinds.items() if kind == "Operand"]
    uses += [f"*self.{name}" for name, kind in kinds.items() if kind == "list[Operand]"]
    ways = [f"self.{name}" for name, kind in kinds.items() if kind == "Edge"]
    namespace: dict[str, Callable[..., Any]] = {}
    exec(  # noqa: S102
        f"def __init__(self, {names}):{body}\n"
        f"def list_operands(self): return [{', '.join(uses)}]\n"
        f"def list_edges(self): return [{', '.join(ways)}]",
        namespace,
    )
    return {name: namespace[name] for name in ("__init__", "list_operands", "list_edges")}


# ---- addresses ------------------------------------------------------------------------------------------------------


@final
@operation
class FrameAddr(Op):
    """The address of the byte at r10 + `offset` of this function's frame (512 bytes, offsets -512 … -1)."""

    SYNTAX: ClassVar = "{result} = frame {offset}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    offset: int
    insn: int = -1


@final
@operation
class MapAddr(Op):
    """The handle of map number `map` of the module, as helpers take it."""

    SYNTAX: ClassVar = "{result} = map {map}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    map: int
    insn: int = -1


@final
@operation
class MapValueAddr(Op):
    """The address of byte `offset` of the first value of an array map (global data)."""

    SYNTAX: ClassVar = "{result} = map_value {map}, {offset}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    map: int
    offset: int
    insn: int = -1


@final
@operation
class FuncAddr(Op):
    """A function of the module as a value: a callback, or the target of `callx`."""

    SYNTAX: ClassVar = "{result} = function @{function}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    function: str
    insn: int = -1


@final
@operation
class ExternAddr(Op):
    """The address of extern number `extern` of the module (a kernel variable)."""

    SYNTAX: ClassVar = "{result} = extern {extern}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    extern: int
    insn: int = -1


@final
@operation
class Undef(Op):
    """What register `register` holds before anything was written to it. Reading it is an error that the verifier reports;
    it runs as zero, so that nothing undefined reaches a back end."""

    SYNTAX: ClassVar = "{result} = undef r{register}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    register: int
    insn: int = -1


# ---- arithmetic -----------------------------------------------------------------------------------------------------


@final
@operation
class Alu(Op):
    """result = lhs `kind` rhs modulo 2**width_bits; x / 0 = 0, x mod 0 = x, shift counts modulo the width (RFC 9669 section 4.1)."""

    SYNTAX: ClassVar = "{result} = {kind}.{width_bits} {lhs}, {rhs}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    kind: AluKind
    width_bits: Width
    lhs: Operand
    rhs: Operand
    insn: int = -1


@final
@operation
class Cast(Op):
    """The low `from_bits` of `value`, zero- or sign-extended to `width_bits`, and zero-extended from there to 64."""

    SYNTAX: ClassVar = "{result} = {kind}.{from_bits}.{width_bits} {value}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    kind: CastKind
    from_bits: Literal[8, 16, 32]
    width_bits: Width
    value: Operand
    insn: int = -1


@final
@operation
class ByteSwap(Op):
    """The low `width_bits` of `value` with their bytes reversed, zero-extended."""

    SYNTAX: ClassVar = "{result} = bswap.{width_bits} {value}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    width_bits: Literal[16, 32, 64]
    value: Operand
    insn: int = -1


@final
@operation
class Assume(Op):
    """`value` itself, where it is known that `lhs` `kind` `rhs` holds (or, with `negated`, does not): a fact on a branch edge.

    `value` is `lhs` or `rhs`. Only `test` is ever negated; the others have a kind that says it.
    """

    SYNTAX: ClassVar = "{result} = assume {value} where {negated}{kind}.{width_bits} {lhs}, {rhs}"
    EFFECT: ClassVar = Effect.NONE
    result: Value
    value: Operand
    negated: bool
    kind: CompareKind
    width_bits: Width
    lhs: Operand
    rhs: Operand
    insn: int = -1


# ---- memory ---------------------------------------------------------------------------------------------------------


@final
@operation
class Load(Op):
    """`size_bytes` at base + offset, zero-extended (`load`) or sign-extended (`loads`) to 64 bits."""

    SYNTAX: ClassVar = "{result} = load{signed}.{size_bytes} {base}, {offset}"
    EFFECT: ClassVar = Effect.READS
    result: Value
    signed: bool
    size_bytes: Literal[1, 2, 4, 8]
    base: Operand
    offset: int
    insn: int = -1


@final
@operation
class Store(Op):
    """Write the low `size_bytes` of `value` at base + offset."""

    SYNTAX: ClassVar = "store.{size_bytes} {base}, {offset}, {value}"
    EFFECT: ClassVar = Effect.WRITES
    size_bytes: Literal[1, 2, 4, 8]
    base: Operand
    offset: int
    value: Operand
    insn: int = -1


@final
@operation
class LoadAcquire(Op):
    """An acquiring load, zero-extended."""

    SYNTAX: ClassVar = "{result} = load_acquire.{size_bytes} {base}, {offset}"
    EFFECT: ClassVar = Effect.WRITES  # it orders memory, so it is never dropped or moved
    result: Value
    size_bytes: Literal[1, 2, 4, 8]
    base: Operand
    offset: int
    insn: int = -1


@final
@operation
class StoreRelease(Op):
    """A releasing store."""

    SYNTAX: ClassVar = "store_release.{size_bytes} {base}, {offset}, {value}"
    EFFECT: ClassVar = Effect.WRITES
    size_bytes: Literal[1, 2, 4, 8]
    base: Operand
    offset: int
    value: Operand
    insn: int = -1


@final
@operation
class Atomic(Op):
    """memory = memory `kind` value, without a result and without ordering (RFC 9669 section 5.3)."""

    SYNTAX: ClassVar = "atomic_{kind}.{size_bytes} {base}, {offset}, {value}"
    EFFECT: ClassVar = Effect.WRITES
    kind: AtomicKind
    size_bytes: Literal[4, 8]
    base: Operand
    offset: int
    value: Operand
    insn: int = -1


@final
@operation
class AtomicFetch(Op):
    """The same, sequentially consistent; the result is what memory held before, zero-extended."""

    SYNTAX: ClassVar = "{result} = atomic_fetch_{kind}.{size_bytes} {base}, {offset}, {value}"
    EFFECT: ClassVar = Effect.WRITES
    result: Value
    kind: AtomicKind
    size_bytes: Literal[4, 8]
    base: Operand
    offset: int
    value: Operand
    insn: int = -1


@final
@operation
class CompareExchange(Op):
    """If memory equals the low bytes of `expected`, it becomes `value`; the result is what it held before, zero-extended."""

    SYNTAX: ClassVar = "{result} = cmpxchg.{size_bytes} {base}, {offset}, {expected}, {value}"
    EFFECT: ClassVar = Effect.WRITES
    result: Value
    size_bytes: Literal[4, 8]
    base: Operand
    offset: int
    expected: Operand
    value: Operand
    insn: int = -1


@final
@operation
class PacketLoad(Op):
    """LD_ABS / LD_IND: `size_bytes` in network order at packet offset `offset` + `index` (32 bits) of the socket buffer `context`.

    Where the packet ends before, the function returns 0 at once.
    """

    SYNTAX: ClassVar = "{result} = packet_load.{size_bytes} {context}, {index}, {offset}"
    EFFECT: ClassVar = Effect.CALLS
    result: Value
    size_bytes: Literal[1, 2, 4]
    context: Operand
    index: Operand
    offset: int
    insn: int = -1


# ---- calls ----------------------------------------------------------------------------------------------------------


@final
@operation
class Call(Op):
    """Helper number `helper` of the platform."""

    SYNTAX: ClassVar = "{result} = call helper {helper}({args})"
    EFFECT: ClassVar = Effect.CALLS
    result: Value
    helper: int
    args: list[Operand]
    insn: int = -1


@final
@operation
class CallFunction(Op):
    """A function of the same module, in a frame of its own."""

    SYNTAX: ClassVar = "{result} = call @{function}({args})"
    EFFECT: ClassVar = Effect.CALLS
    result: Value
    function: str
    args: list[Operand]
    insn: int = -1


@final
@operation
class CallExtern(Op):
    """Extern number `extern` of the module, a kernel function."""

    SYNTAX: ClassVar = "{result} = call extern {extern}({args})"
    EFFECT: ClassVar = Effect.CALLS
    result: Value
    extern: int
    args: list[Operand]
    insn: int = -1


@final
@operation
class CallIndirect(Op):
    """The function that `target` holds (callx): a `FuncAddr` value."""

    SYNTAX: ClassVar = "{result} = callx {target}({args})"
    EFFECT: ClassVar = Effect.CALLS
    result: Value
    target: Operand
    args: list[Operand]
    insn: int = -1


# ---- ends of blocks -------------------------------------------------------------------------------------------------


@final
@operation
class Jump(Op):
    """Go on at `target`."""

    SYNTAX: ClassVar = "jump {target}"
    EFFECT: ClassVar = Effect.LEAVES
    target: Edge
    insn: int = -1


@final
@operation
class Branch(Op):
    """`then` where lhs `kind` rhs holds at that width, else `otherwise`. `test` is (lhs & rhs) != 0."""

    SYNTAX: ClassVar = "if {kind}.{width_bits} {lhs}, {rhs} then {then} else {otherwise}"
    EFFECT: ClassVar = Effect.LEAVES
    kind: CompareKind
    width_bits: Width
    lhs: Operand
    rhs: Operand
    then: Edge
    otherwise: Edge
    insn: int = -1


@final
@operation
class Exit(Op):
    """Return `value` (r0) to the caller, or end the program."""

    SYNTAX: ClassVar = "exit {value}"
    EFFECT: ClassVar = Effect.LEAVES
    value: Operand
    insn: int = -1


@final
@operation
class Unresolved(Op):
    """An instruction that CO-RE could not resolve: reaching it is an error (a trap in a checked run)."""

    SYNTAX: ClassVar = "unresolved {reason}"
    EFFECT: ClassVar = Effect.LEAVES
    reason: Text
    insn: int = -1


# A string that the textual form quotes.
Text = str

AnyOp = (
    FrameAddr
    | MapAddr
    | MapValueAddr
    | FuncAddr
    | ExternAddr
    | Undef
    | Alu
    | Cast
    | ByteSwap
    | Assume
    | Load
    | Store
    | LoadAcquire
    | StoreRelease
    | Atomic
    | AtomicFetch
    | CompareExchange
    | PacketLoad
    | Call
    | CallFunction
    | CallExtern
    | CallIndirect
    | Jump
    | Branch
    | Exit
    | Unresolved
)
Terminator = Jump | Branch | Exit | Unresolved
TERMINATORS: Final = (Jump, Branch, Exit, Unresolved)


def operands(op: Op) -> list[Operand]:
    """Operands of `op` itself, in order; arguments of its edges are not among them (`edges`)."""
    return op.list_operands()


def edges(op: Op) -> list[Edge]:
    """Ways out of the block that `op` ends; empty for everything else."""
    return op.list_edges()


def used_values(op: Op) -> Iterator[Value]:
    """Values that `op` uses, arguments of its edges included; one that is used twice comes twice."""
    for operand in op.list_operands():
        if type(operand) is Value:
            yield operand
    if op.EDGES:
        for edge in op.list_edges():
            for operand in edge.args:
                if type(operand) is Value:
                    yield operand


def replace_operands(op: Op, replacement: dict[Value, Operand]) -> None:
    """Replace used values by the dictionary, edge arguments included; a replacement is not replaced again."""
    for name in op.USES:
        old = getattr(op, name)
        if type(old) is Value and old in replacement:
            setattr(op, name, replacement[old])
    if op.ARGS is not None:
        args = getattr(op, op.ARGS)
        args[:] = [replacement.get(a, a) if type(a) is Value else a for a in args]
    if op.EDGES:
        for edge in edges(op):
            if edge.args:
                edge.args[:] = [replacement.get(a, a) if type(a) is Value else a for a in edge.args]
