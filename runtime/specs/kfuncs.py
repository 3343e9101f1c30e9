"""Kernel functions that programs may call: what they take and return, what they do, which programs may call them.

    kfuncs = load_kfuncs("linux")
    kfuncs["bpf_task_acquire"].arguments         (KfuncArgument("btf", type="task_struct"),)
    kfuncs["bpf_task_acquire"].returns           KfuncReturn("btf", type="task_struct")
    kfuncs["bpf_task_acquire"].flags             {"acquire", "ret_null", "rcu"}

Flags are those of the kernel's `BTF_ID_FLAGS`, in lower case and without `KF_`, and a few for what its verifier knows by name. In the
table an argument is a text: `btf:task_struct?` may be null, `mem:4` is four bytes, `mem@2` as many as argument 2 says, `mem` alone as
many as the next one says.

The functions that compilers call for copying and comparing memory are here too, with the flag `builtin`: they are linked by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.runtime.specs.model import CALLBACK_KINDS, Callback
from bpfcc.runtime.specs.platform import LazyTable, make_callback
from bpfcc.runtime.specs.tables import FOLDER

if TYPE_CHECKING:
    from bpfcc.runtime.specs.tables import Table

# number: any; const: a constant; const_size: a constant, the bytes of the memory before it; size_or_zero: the bytes of the memory before
# it; size: likewise, and not zero. mem: memory that is read and written; mem_read: read; mem_uninit: written. dynptr_uninit: 16 bytes of
# the stack. iter: an iterator's state on the stack. object: what `bpf_obj_new` made, percpu_object likewise; refcounted: one with a
# reference count. node of a list or tree, head or root of one, in a map's value or an object. irq_flag: 8 bytes of the stack. ignored:
# whatever it is.
ARGUMENT_KINDS: Final = frozenset({
    "number", "const", "const_size", "size", "size_or_zero", "mem", "mem_read", "mem_uninit", "btf", "ctx", "map", "const_str", "func",
    "dynptr", "dynptr_uninit", "iter", "object", "percpu_object", "refcounted", "list_head", "list_node", "rb_root", "rb_node", "wq",
    "task_work", "res_spin_lock", "irq_flag", "ignored",
})  # fmt: skip
# arg: what argument `argument` is. object: of the program's type that the constant argument 0 names. cast: argument 0 as a pointer to the
# kernel's type that the constant argument 1 names. node: a node of what argument 0 is made of. kernel_ctx: the kernel's own context.
RETURN_KINDS: Final = frozenset({
    "void", "number", "btf", "mem", "mem_read", "object", "percpu_object", "node", "cast", "kernel_ctx", "arena", "arg",
})  # fmt: skip
FLAGS: Final = frozenset({
    "acquire", "release", "ret_null", "sleepable", "trusted_args", "rcu", "rcu_protected", "destructive", "fastcall", "iter_new",
    "iter_next", "iter_destroy", "under_lock", "noreturn", "rcu_lock", "rcu_unlock", "preempt_disable", "preempt_enable", "irq_save",
    "irq_restore", "lock", "unlock", "moves_packet", "builtin",
})  # fmt: skip
_SIZE_KINDS: Final = frozenset({"size", "size_or_zero", "const_size"})
_MEMORY_KINDS: Final = frozenset({"mem", "mem_read", "mem_uninit"})
_FIXED_BYTES: Final = MappingProxyType({"dynptr_uninit": 16, "dynptr": 16, "irq_flag": 8})
_TEXT: Final = re.compile(r"([a-z_]+)(?::([A-Za-z_][A-Za-z0-9_]*|\d+))?(?:@(\d))?(\?)?")
TABLES: Final = frozenset({"linux"})


class KfuncArgument(NamedTuple):
    """What a function takes in one register. `type`: a struct of the kernel, or an iterator's kind; `size`: bytes behind it;
    `size_argument`: index of the argument that says how many; `nullable`: it may be null.
    """

    kind: str
    type: str = ""
    size: int | None = None
    size_argument: int | None = None
    nullable: bool = False


class KfuncReturn(NamedTuple):
    """What a function returns; that it may be null is a flag of the function. `argument`: index of what an `arg` is."""

    kind: str
    type: str = ""
    size: int | None = None
    size_argument: int | None = None
    argument: int | None = None


class Kfunc(NamedTuple):
    """A kernel function. `types` None: programs of every type may call it; `attach_types` None: wherever they are attached.

    `module`: GUID of the module that has it, on platforms where not everything is the kernel's.
    """

    name: str
    arguments: tuple[KfuncArgument, ...]
    returns: KfuncReturn
    flags: frozenset[str] = frozenset()
    types: frozenset[str] | None = None
    attach_types: frozenset[str] | None = None
    callback: Callback | None = None
    module: str | None = None

    def allowed(self, program_type: str, attach_type: str | None = None) -> bool:
        """Whether such a program may call it."""
        by_type = self.types is None or program_type in self.types
        return by_type and (self.attach_types is None or attach_type in self.attach_types)

    @property
    def nullable(self) -> bool:
        """Whether the result may be null."""
        return "ret_null" in self.flags

    @property
    def needs_trust(self) -> bool:
        """Whether kernel pointers must be trusted: acquired, or given by a tracepoint or iterator. With `rcu`, RCU's word will do."""
        return bool(self.flags & {"trusted_args", "rcu", "release"})


class Kfuncs(NamedTuple):
    """The functions of a platform, and what else is known by name."""

    by_name: Mapping[str, Kfunc]
    # Bytes of an iterator's state; the kernel's own struct that a program type's context stands for.
    iterator_bytes: Mapping[str, int]
    kernel_contexts: Mapping[str, str]


def make_kfunc(name: str, row: Table, sets: Mapping[str, str], iterators: Mapping[str, int]) -> Kfunc:
    """A function from its row."""
    args = row["args"]
    types = row.get("types")
    return Kfunc(
        name=name,
        arguments=tuple(_argument(text, index, args, iterators) for index, text in enumerate(args)),
        returns=_returned(row["returns"]),
        flags=frozenset(row.get("flags", ())),
        types=frozenset(word for each in types.split() for word in sets.get(each, each).split()) if types is not None else None,
        attach_types=frozenset(row["attach_types"]) if "attach_types" in row else None,
        callback=make_callback(row["callback"]) if "callback" in row else None,
        module=row["module"].lower() if "module" in row else None,
    )


def _parts(text: str) -> tuple[str, str, int | None, int | None, bool]:
    """Kind, type, size, index and whether it may be null, of `btf:task_struct?`, `mem:4` or `mem@2`."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    kind, what, index, null = found.groups()
    size = int(what) if what is not None and what.isdigit() else None
    return kind, what or "" if size is None else "", size, int(index) if index else None, null is not None


def _argument(text: str, index: int, args: list[str], iterators: Mapping[str, int]) -> KfuncArgument:
    kind, what, size, at, null = _parts(text)
    if kind == "iter":
        size = iterators[what]
    following = args[index + 1] if index + 1 < len(args) else ""
    if kind in _MEMORY_KINDS and size is None and at is None and following in _SIZE_KINDS:
        at = index + 1
    return KfuncArgument(kind, what, _FIXED_BYTES.get(kind, size), at, null)


def _returned(text: str) -> KfuncReturn:
    kind, what, size, at, _ = _parts(text)
    return KfuncReturn(kind, argument=size) if kind == "arg" else KfuncReturn(kind, what, size, at)


@cache
def load_kfuncs(platform: str = "linux") -> Kfuncs:
    """The functions of a platform, made when they are asked for; a platform without a table has none."""
    if platform not in TABLES:
        return Kfuncs({}, {}, {})
    table: Table = json.loads((FOLDER / f"kfuncs_{platform}.json").read_bytes())
    sets, iterators = table["type_sets"], table["iterator_bytes"]
    found: Mapping[str, Kfunc] = LazyTable(table["kfuncs"], lambda name, row: make_kfunc(name, row, sets, iterators))
    return Kfuncs(found, iterators, table["kernel_contexts"])


def make_kfuncs(rows: Table) -> Kfuncs:
    """The functions of a platform's own table, without sets of types and iterators."""
    found: Mapping[str, Kfunc] = LazyTable(rows, lambda name, row: make_kfunc(name, row, {}, {}))
    return Kfuncs(found, {}, {})


def check_kfuncs(table: Table) -> Iterator[tuple[str, str]]:
    """What is wrong with a table: (place, what). The shipped one is checked by the tests."""
    for name, row in table["kfuncs"].items():
        yield from check_kfunc(f"kfuncs.{name}", row, table["iterator_bytes"])


def check_kfunc(at: str, row: Table, iterators: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """What is wrong with a function's row."""
    for index, text in enumerate(row["args"]):
        found = _TEXT.fullmatch(text)
        if found is None or found[1] not in ARGUMENT_KINDS or (found[1] == "iter" and found[2] not in iterators):
            yield f"{at}.args[{index}]", f"unknown argument {text!r}"
        elif found[3] is not None and row["args"][int(found[3]) : int(found[3]) + 1] not in ([each] for each in _SIZE_KINDS):
            yield f"{at}.args[{index}]", f"argument {found[3]} is no size"
    result = _TEXT.fullmatch(row["returns"])
    if result is None or result[1] not in RETURN_KINDS:
        yield f"{at}.returns", f"unknown result {row['returns']!r}"
    if not set(row.get("flags", ())) <= FLAGS:
        yield f"{at}.flags", f"unknown flags {sorted(set(row['flags']) - FLAGS)}"
    callback = row.get("callback")
    if callback is not None and not (row["args"][callback["function"]] == "func" and set(callback["args"]) <= CALLBACK_KINDS):
        yield f"{at}.callback", "must name an argument that is a function, and kinds of a callback's arguments"
