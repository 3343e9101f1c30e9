"""What every back end is: capabilities, `compile(module, environment) -> Executable`, and results.

    backend = load_backend("interp")
    exe = backend.compile(module, environment)
    with exe.bind(run) as bound:                      run: memory that the runtime prepared, `pointer` its `struct bpfcc_run`
        result = bound.run(steps=1_000_000)           result.return_value, result.steps

A back end knows nothing of packets, map objects or files: the runtime prepares a `struct bpfcc_run`, the back end says which C
function runs the program on it (`Executable.entry`), and what a trap was (`Bound.trap`). So batches and repeats stay in native code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self, final

from bpfcc.errors import InputError, InternalError, Trap

if TYPE_CHECKING:
    from types import TracebackType

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.contexts import ContextCodec

# Literal import strings: listing names imports nothing.
BACKENDS: Final[Mapping[str, str]] = {
    "interp": "bpfcc.backends.interp:Interpreter",
    "llvm": "bpfcc.backends.llvm:Llvm",
    "aot": "bpfcc.backends.aot:Aot",
}
DEFAULT_STEPS: Final = 1_000_000_000
# enum bpfcc_trap of runtime/native/bpfcc.h: kind as `Trap.kind` has it, and the sentence.
TRAPS: Final[Mapping[int, tuple[str, str]]] = {
    1: ("access", "access of {size} bytes at {address:#x}: outside of every region that may be accessed so"),
    2: ("budget", "the step budget is spent"),
    3: ("stack", "more than 8 calls deep"),
    4: ("call", "call of {address:#x}, which is no function of the program"),
    5: ("helper", "a helper got an argument that it cannot take ({address:#x})"),
    6: ("misaligned", "atomic access of {size} bytes at {address:#x}, which is not aligned"),
    7: ("stopped", "the run was stopped"),
    8: ("reference", "the program ended with a reservation or a lock still held"),
    9: ("unresolved", "an instruction was reached that CO-RE could not resolve"),
}


@final
@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a back end can do: make code at run time, make files, refuse what an unverified program may not do, serve Windows."""

    jit: bool
    native_image: bool
    checked: bool
    windows: bool


class MapBinding(NamedTuple):
    """A map of the module in the state of a run: its id, where its values begin (0 = nothing to point at), and the map itself
    (`struct bpfcc_map`, 0 = not known)."""

    id: int
    guest_base: int = 0
    host_base: int = 0
    pointer: int = 0


class CodeCache(Protocol):
    """Compiled code that was kept, by a key of everything that it depends on."""

    def get(self, key: str) -> bytes | None:
        """The code; None where there is none that is whole."""
        ...

    def put(self, key: str, code: bytes) -> None:
        """Keep it; where that does not work it is not kept."""
        ...


class ContextLayout(NamedTuple):
    """Offsets of the context's packet fields, -1 = none; `pointer_bytes` is 4 where only guest addresses have room."""

    data: int = -1
    data_end: int = -1
    data_meta: int = -1
    pointer_bytes: int = 4


def layout_of(codec: ContextCodec | None) -> ContextLayout:
    """Where a context has its packet fields."""
    if codec is None:
        return ContextLayout()
    start, end, meta = (codec.offset_of_kind(kind) for kind in ("packet_start", "packet_end", "packet_meta"))
    return ContextLayout(start, end, meta, codec.pointer_bytes)


def no_helper(_helper: int) -> int:
    """For programs without helpers."""
    return 0


def numbered(helper: int) -> str:
    """The name of a helper where nobody knows a better one."""
    return f"#{helper}"


@final
@dataclass(slots=True)
class Environment:
    """What a module is compiled against.

    `maps` runs beside `Module.maps`. `helper_address` gives the C function of a helper id (0: none, the program cannot be
    prepared). `lookup_helper` looks a key up in a map; `quiet_helpers` neither move memory nor call back into the program;
    `tail_call_helper` is the one that enters another. `externs` has addresses of kernel variables by name. Unchecked code is an
    internal switch: it runs only what is verified. `zeroed`: functions whose frames may be read before they are written (None: any).
    `cache` keeps compiled code; `digest` is the SHA-256 of the module's text, where the caller has it. `cpu` is what code is compiled for,
    `host` or `baseline` (every processor of the architecture).
    `offline`: no addresses are known, the code is for hosts to come; helpers have some address then.
    `budget`: unchecked code counts the rounds of its loops, against the steps of a run, and looks at the stop flag.
    """

    maps: Sequence[MapBinding] = ()
    helper_address: Callable[[int], int] = no_helper
    helper_name: Callable[[int], str] = numbered
    quiet_helpers: frozenset[int] = frozenset()
    tail_call_helper: int = 12
    lookup_helper: int = 1
    externs: Mapping[str, int] = field(default_factory=dict)
    layout: ContextLayout = field(default_factory=ContextLayout)
    checked: bool = True
    zeroed: Mapping[str, int] | None = None
    cache: CodeCache | None = None
    cpu: str = "host"
    offline: bool = False
    budget: bool = False
    digest: str = ""


@final
@dataclass(slots=True)
class Result:
    """What a run did. The runtime fills in packet, context and trace; `steps` counts bytecode instructions, None unchecked."""

    return_value: int
    steps: int | None = None
    packet: bytes | None = None
    context: bytes | None = None
    ns_per_run: float | None = None
    trace: tuple[str, ...] = ()


class NativeRun(Protocol):
    """A `struct bpfcc_run` that the runtime made and keeps: context, packet and maps are in it."""

    @property
    def pointer(self) -> int:
        """Its address."""
        ...


class Bound(Protocol):
    """An executable on one run: what one thread uses."""

    def run(self, steps: int = DEFAULT_STEPS) -> Result:
        """Begin, enter and end once; raises Trap."""
        ...

    def trap(self) -> Trap | None:
        """What stopped the last run that native code made, with instruction and source line."""
        ...

    def close(self) -> None:
        """Give the run back."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Executable(Protocol):
    """A compiled module. Immutable, and shared by threads; each binds a run of its own."""

    @property
    def module(self) -> Module: ...

    @property
    def entry(self) -> int:
        """Address of the C function (`bpfcc_entry`) that runs the program on a bound run."""
        ...

    def bind(self, run: NativeRun) -> Bound:
        """Make `run` one of this program."""
        ...

    def link(self, targets: Sequence[Executable | None]) -> None:
        """The programs that tail calls can enter, by the index that program arrays hold. Before anything is bound."""
        ...

    def close(self) -> None:
        """Free the code; nothing may be bound any more."""
        ...


class Backend(Protocol):
    """A way to run modules."""

    capabilities: Capabilities

    def compile(self, module: Module, environment: Environment) -> Executable:
        """UnsupportedError where the module needs what the environment or the back end does not have."""
        ...


def load_backend(name: str) -> Backend:
    """The back end of that name. InputError for a name that is none."""
    target = BACKENDS.get(name)
    if target is None:
        raise InputError(f"no back end {name!r}; choose one of {', '.join(sorted(BACKENDS))}")
    module, _, attribute = target.partition(":")
    backend: Backend = getattr(import_module(module), attribute)()
    return backend


def make_trap(number: int, address: int, size: int, *, module: Module, function: str | None, insn: int | None) -> Trap:
    """A native trap as the error that users see."""
    found = TRAPS.get(number)
    if found is None:
        raise InternalError(f"trap {number} of the native library is unknown")
    kind, text = found
    position = module.position(insn) if insn is not None else None
    shown = kind in ("access", "misaligned", "call", "helper")
    return Trap(
        text.format(address=address, size=size), kind=kind, function=function, insn=insn,
        address=address if shown else None, size=size if shown else None, position=position,
    )  # fmt: skip


def check_maps(maps: Sequence[MapSpec], environment: Environment) -> None:
    """InternalError where the environment does not bind every map of the module."""
    if len(environment.maps) < len(maps):
        raise InternalError(f"the environment binds {len(environment.maps)} of {len(maps)} maps")
