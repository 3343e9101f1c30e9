"""What a caller can choose: rules, levels, budgets.

>>> Options(deny=frozenset({"uninit-stack"})).level_of("uninit-stack", "warning")
'error'
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs import Platform
    from bpfcc.verifier.verdict import Level


@final
@dataclass(frozen=True, slots=True)
class Budget:
    """What judging one program may cost, in steps so that verdicts repeat; the wall clock only kills (in the isolated child).

    `sparse_steps`: operations interpreted by the first stage, `path_steps` by the second (for one obligation and for all together),
    `smt_rlimit`: z3's own unit, for one query.
    """

    sparse_steps: int = 20_000_000
    path_steps: int = 150_000
    path_steps_each: int = 30_000
    smt_rlimit: int = 1_500_000
    smt_queries: int = 40


@final
@dataclass(frozen=True, slots=True)
class Options:
    """Rules of one verification. `max_insns` bounds executed instructions (`--max-steps`), None: any bound will do."""

    deny: frozenset[str] = frozenset()
    warn: frozenset[str] = frozenset()
    strict: bool = False
    termination: bool = True
    max_insns: int | None = None
    smt: bool = True
    budget: Budget = field(default_factory=Budget)

    def level_of(self, finding_class: str, default: Level) -> Level:
        """The level of a class: what the caller says wins over the platform's default; `strict` denies all that is not named."""
        if finding_class in self.deny:
            return "error"
        if finding_class in self.warn:
            return "warning"
        return "error" if self.strict else default


class BtfPointer(Protocol):
    """A kernel type that a pointer points to; equal where the types are."""

    @property
    def name(self) -> str:
        """As C writes it: `struct task_struct`."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the type; 0 where it is not known."""
        ...

    @property
    def tag(self) -> str:
        """How far it is to be relied on: "trusted", "rcu", "", "untrusted"; or "user", "percpu", "buffer"."""
        ...

    @property
    def nullable(self) -> bool:
        """Whether it may be null where it comes from."""
        ...

    def not_null(self) -> BtfPointer:
        """The same behind a test for null."""
        ...

    def with_tag(self, tag: Any) -> BtfPointer:
        """The same, relied on as the tag says."""
        ...


class KernelTypes(Protocol):
    """Kernel types by BTF, made by the wiring; the verifier asks and never parses."""

    def arguments(self, program_type: str, attach_type: str | None, target: str | None) -> tuple[BtfPointer | int | None, ...] | None:
        """Arguments of the function or tracepoint a program is attached to: a pointer's type, or the size of a number; None: unknown."""
        ...

    def member(self, pointer: BtfPointer, offset: int, size: int, *, rcu: bool = True) -> BtfPointer | int | None:
        """What a load of `size` bytes there gives: a pointer's type or the number's size; None where no member lies there.

        `rcu`: it is loaded with RCU read-locked.
        """
        ...

    def is_a(self, pointer: BtfPointer, name: str, *, strict: bool = False, offset: int = 0) -> bool:
        """Whether what lies there will do as a `struct NAME`; `strict`: not as one that something larger begins with."""
        ...

    def named(self, name: str) -> BtfPointer | None:
        """A struct by name (`task_struct`)."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a global function: `kind` "number", "ctx", "memory" (of `size` bytes, may be null unless `nonnull`), "unknown".

    Rarer kinds: "dynptr"; "trusted" and "untrusted", pointers to the kernel's `type`; "arena".
    """

    kind: str
    size: int = 0
    nonnull: bool = False
    type: str = ""


@final
@dataclass(frozen=True, slots=True)
class Prototype:
    """A function's type by its BTF. `returns_value`: something that is no pointer; `returns_void`: nothing."""

    name: str
    parameters: tuple[Parameter, ...]
    returns_value: bool = True
    returns_void: bool = False


@final
@dataclass(frozen=True, slots=True)
class MapFields:
    """Special members of a map's values, by byte offset: kind ("spin_lock", "timer", "kptr", …) and size.

    `targets`: what a kernel pointer there points to ("struct task_struct"), or what a list or tree is made of ("struct:member").
    """

    fields: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    targets: Mapping[int, str] = field(default_factory=dict)


class ObjectTypes(Protocol):
    """Types of the object that a program is from."""

    def prototype(self, btf_type_id: int) -> Prototype | None:
        """The function's type, None where there is none."""
        ...

    def exception_callback(self, btf_type_id: int) -> str | None:
        """What is called in the place of a program that throws, by name: where its declaration says so."""
        ...

    def map_fields(self, spec: MapSpec) -> MapFields:
        """Special members of the map's values."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Request:
    """One program's surroundings. `tail_targets` are not needed: a tail call either fails or never returns."""

    platform: Platform
    type: str
    attach_type: str | None = None
    attach_target: str | None = None
    sleepable: bool = False
    license: str | None = None
    options: Options = field(default_factory=Options)
    kernel_types: KernelTypes | None = None
    object_types: ObjectTypes | None = None
    # BTF of the object, for kfunc prototypes; opaque here.
    btf: Any = None
