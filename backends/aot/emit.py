"""A C file of one or more programs.

    text = emit([Part(module, names, …)], environment)

The programs share a table, through which they reach helpers and maps; `Emitted.table` says what a host puts there.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.backends.aot.descriptor import array_stride, c_int64, described, map_contexts
from bpfcc.backends.aot.function import FunctionWriter
from bpfcc.backends.aot.operations import enter_target, look_up
from bpfcc.backends.aot.printing import SELF, Printer, quoted
from bpfcc.backends.binding import refuse_extern_call
from bpfcc.backends.context import packet_fields
from bpfcc.backends.kinds import RAW, Kinds
from bpfcc.backends.tables import TARGET_COUNT, TARGETS, Slot, Table
from bpfcc.bpfir.c_words import KEYWORDS
from bpfcc.bpfir.collector import paused_collector
from bpfcc.bpfir.ops import CallIndirect
from bpfcc.errors import InputError
from bpfcc.runtime.library import MapHead
from bpfcc.runtime.memory import CONTEXT_BASE, SLOT_CONTEXT, SLOT_USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpfcc.backends.aot.descriptor import MapNotes
    from bpfcc.backends.aot.function import Body
    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.bpfir.ops import Call, CallExtern, MapAddr, Value

HEADER: Final = "bpfcc_program.h"
# Memory and arithmetic: what emitted code of every kind has.
WORDS: Final = "bpfcc_words.h"
# Besides C99's own: of newer C, and what compilers and libraries define as macros.
NEWER: Final = frozenset((
    "_Complex", "_Imaginary", "bool", "true", "false", "nullptr", "constexpr", "alignas", "alignof", "static_assert", "thread_local",
    "main", "NULL", "errno", "stdin", "stdout", "stderr", "linux", "unix",
))  # fmt: skip
OURS: Final = frozenset(
    [
        "programs",
        "maps",
        "slots",
        "run",
        "table",
        "depth",
        "steps",
        "left",
        "top",
        "guest",
        "frame",
        "frame_words",
        "reached",
        "array_index",
        "next_program",
        "packet_field",
        "program_table",
        "function",
        "result",
        "bound",
        "targets",
        "target_count",
    ]
)
NUMBERED: Final = re.compile(r"(program|map)_\d")
WIDTHS: Final = (8, 16, 32, 64)
FAMILIES: Final = frozenset(
    [f"{name}{bits}{end}" for name in ("ld", "st") for bits in WIDTHS for end in ("", "_once", "_acquire", "_release")]
    + [f"{first}_{kind}{bits}" for first in ("atomic", "fetch") for kind in ("add", "or", "and", "xor", "xchg") for bits in WIDTHS]
)
RUNTIME_TYPES: Final = {
    "bpfcc_reach": ("reach_function", 0),
    "bpfcc_more_steps": ("more_steps_function", 1),
    "bpfcc_load_packet": ("load_packet_function", 2),
    "bpfcc_push_frame": ("push_frame_function", 3),
    "bpfcc_pop_frame": ("pop_frame_function", 4),
}
# Of each kind of slot: its C type, the end of its name, and its number in `enum bpfcc_slot_kind`.
MAP_SLOTS: Final = {
    "map handle": ("uint64_t ", "_handle", 4),
    "map": ("struct bpfcc_map_head *", "", 5),
    "map values": ("uint8_t *", "_values", 6),
    "map guest values": ("uint64_t ", "_guest_values", 7),
    "map cpu bytes": ("uint64_t ", "_cpu_bytes", 8),
}
HELPER_SLOT: Final = 3
RUNTIME_SLOT: Final = 9
MAX_ARGS: Final = 5
PROGRAM_PARAMETERS: Final = 2


@cache
def header_text() -> str:
    """The header that every emitted file begins with."""
    text = (files("bpfcc.backends.aot") / HEADER).read_text(encoding="utf-8")
    return text.replace(f'#include "{WORDS}"\n', words_text())


@cache
def words_text() -> str:
    """Memory and arithmetic, as C."""
    return (files("bpfcc.backends.aot") / WORDS).read_text(encoding="utf-8")


@cache
def reserved() -> frozenset[str]:
    """Identifiers that programs cannot have: what the header defines at file scope, and what every file has of its own."""
    return OURS | named_in(header_text())


def named_in(header: str) -> frozenset[str]:
    """What C files with such a header cannot call anything else."""
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    found = set(re.findall(r"(\w+)\(", code)) | set(re.findall(r"\w+_t\b|\w+_function\b|\b(?:bpfcc|BPFCC)\w+", code))
    return KEYWORDS | NEWER | FAMILIES | found | frozenset(("INT64_C", "UINT64_C", "UINT32_MAX", "UINT64_MAX", "INT32_MIN"))


class Part(NamedTuple):
    """A program: its module, what its values are called in its source, and what the descriptor says of it."""

    module: Module
    names: Mapping[str, Mapping[Value, str]] = {}
    section: str = ""
    type_number: int = 0
    max_insns: int = 0
    zeroed: Mapping[str, int] | None = None
    attach_type: str | None = None
    instructions: int = 0


class Emitted(NamedTuple):
    """The text, and what its table holds; of slots of maps, `which` is an index into `maps`."""

    text: str
    table: Table
    maps: tuple[MapSpec, ...]


@final
class Shared:
    """What the programs of one file have in common: the table, and names."""

    def __init__(self, taken: frozenset[str] | None = None) -> None:
        """`taken`: names at file scope that functions cannot have; None: those of the header."""
        self.table = Table()
        self.maps: list[MapSpec] = []
        self.names: dict[Slot, str] = {Slot(TARGETS): "targets", Slot(TARGET_COUNT): "target_count"}
        self.members: set[str] = {"targets", "target_count"}
        self.globals: set[str] = set(reserved() if taken is None else taken)

    def map_indices(self, module: Module) -> list[int]:
        """Of a module's maps in the file; maps of one name in several modules are one. InputError where they are not the same."""
        known = {spec.name: at for at, spec in enumerate(self.maps)}
        found = []
        for spec in module.maps:
            if spec.name in known:
                if self.maps[known[spec.name]] != spec:
                    # Each program was proven with its own.
                    raise InputError(f"two programs have a map {spec.name!r}, and not the same one")
                found.append(known[spec.name])
            else:
                self.maps.append(spec)
                found.append(len(self.maps) - 1)
        return found

    def fresh(self, wanted: str) -> str:
        """A name for a function, which is none of what the file has for each program and map."""
        name = identifier(wanted)
        return unique(f"p_{name}" if NUMBERED.match(name) else name, self.globals)

    def member(self, slot: Slot, wanted: str) -> str:
        """The name of a slot, which it gets when it is first asked for."""
        if slot not in self.names:
            self.table.slot(slot.kind, slot.which)
            self.names[slot] = unique(wanted, self.members)
        return self.names[slot]


def unique(wanted: str, taken: set[str]) -> str:
    """The name, or one like it, which is taken from then on."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name)
    return name


def identifier(text: str) -> str:
    """A name as C allows it."""
    found = re.sub(r"\W", "_", text, flags=re.ASCII)
    return found if found and not found[0].isdigit() and not found.startswith("__") else f"p_{found}"


class Unit:
    """One program while it is written: what its functions share, and how they reach what is outside of them.

    This is code for hosts that have a `struct bpfcc_run`; other kinds of hosts have units of their own.
    """

    # Whether what is called may stop the run.
    traps = True
    # Of the names of functions.
    prefix = ""

    def __init__(self, part: Part, environment: Environment, shared: Shared, *, alone: bool) -> None:
        self.part = part
        self.module = part.module
        self.environment = environment
        self.shared = shared
        self.checked = environment.checked
        self.fields = packet_fields(part.module, environment)
        self.kinds = Kinds(part.module, environment, self.fields)
        self.functions = {fn.name: fn for fn in part.module.functions}
        self.indices = {fn.name: at for at, fn in enumerate(part.module.functions)}
        self.taken = self.reserved()
        self.maps = shared.map_indices(part.module)
        entry = part.module.entry.name
        self.name = shared.fresh(self.prefix + entry)
        self.c_names = {
            fn.name: self.name if at == 0 else shared.fresh(self.prefix + (fn.name if alone else f"{entry}__{fn.name}"))
            for at, fn in enumerate(part.module.functions)
        }
        # A local of a function's name would hide it.
        self.taken |= {*self.c_names.values(), f"{self.name}_by_number", f"{self.name}_call_back"}

    def reserved(self) -> frozenset[str]:
        """Names that variables cannot have."""
        return reserved()

    # ---- the table

    def slot(self, kind: str, which: str | int) -> str:
        """What a slot of the table holds, as C."""
        if kind in MAP_SLOTS:
            spec = self.module.maps[int(which)]
            slot = Slot(kind, self.maps[int(which)])
            return f"table->{self.shared.member(slot, identifier(spec.name) + MAP_SLOTS[kind][1])}"
        if kind == "helper":
            return f"table->{self.shared.member(Slot(kind, which), identifier(self.environment.helper_name(int(which))))}"
        wanted = str(which).removeprefix("bpfcc_") if kind == "runtime" else kind.replace(" ", "_")
        return f"table->{self.shared.member(Slot(kind, which), wanted)}"

    def array_shape(self, index: int) -> tuple[int, int]:
        """How far the values of an array are apart, and how many there are."""
        pointer = self.environment.maps[index].pointer
        if pointer:
            head = MapHead.from_address(pointer)
            return head.stride, head.entries
        spec = self.module.maps[index]
        return array_stride(spec.value_size), spec.max_entries

    # ---- helpers

    def helper_call(self, helper: int, args: str) -> str:
        """A call of a helper with five arguments."""
        return f"{self.slot('helper', helper)}({args}, run)"

    def extern_call(self, op: CallExtern, args: str) -> str:
        """A call of a function of the kernel, or of another module. UnsupportedError where there is no such thing."""
        refuse_extern_call(self.module, op)

    def tail_call(self, w: FunctionWriter, op: Call, text: str) -> None:
        """The call of the helper that enters another program, and what follows from it."""
        enter_target(w, op, text)

    def lookup(self, w: FunctionWriter, op: Call, found: MapAddr) -> bool:
        """A lookup in a map that is known, without the helper; False where the helper has to do it."""
        return look_up(w, op, found)

    # ---- signatures

    def start_pointer(self, at: int) -> str:
        """What the program's own parameter is, as a pointer."""
        return f"memory(r{at + 1})"

    def start_numbers(self, fn: Function, used: Sequence[str]) -> list[str]:
        """Declarations of parameters that C's own do not make."""
        return []

    def parameter_count(self, fn: Function) -> int:
        """The program takes two always, so that one may take the place of another."""
        return PROGRAM_PARAMETERS if fn is self.module.entry else len(fn.params)

    def is_zeroed(self, fn: Function) -> bool:
        """Whether bytes of its frame may be read before they are written."""
        return self.checked or self.part.zeroed is None or bool(self.part.zeroed.get(fn.name))

    def _padded(self, fn: Function, given: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
        return [*given, *((f"r{at + 1}", False) for at in range(len(given), self.parameter_count(fn)))]

    def parameter_names(self, fn: Function, given: list[tuple[str, bool]]) -> list[str]:
        """Of its C function, what it may leave unused."""
        names = [name for name, _ in self._padded(fn, given)]
        if fn is self.module.entry or self.checked:
            return ["run", "table", "depth", "steps", *names]
        return ["run", "table", *names]

    def signature(self, fn: Function, given: list[tuple[str, bool]]) -> str:
        """The head of its C function; `given`: names of its parameters, and which are pointers."""
        words = [f"uint8_t *{name}" if pointer else f"uint64_t {name}" for name, pointer in self._padded(fn, given)]
        if fn is self.module.entry:
            shared = ["struct bpfcc_run *run", "const void *program_table", "uint32_t depth", "int64_t *steps"]
        else:
            shared = ["struct bpfcc_run *run", "const struct table *table"]
            shared += ["uint32_t depth", "int64_t *steps"] if self.checked else []
        return f"static uint64_t {self.c_names[fn.name]}({', '.join([*shared, *words])})"

    def takes_pointer(self, fn: Function, at: int) -> bool:
        """Whether a parameter of its C function is a pointer."""
        return not self.checked and fn is not self.module.entry and at < len(fn.params) and self.kinds.kind(fn.params[at]).address

    def call_text(self, fn: Function, given: Sequence[str]) -> str:
        """A call of it."""
        shared = ["run", "table"]
        if self.checked:
            shared += ["depth + 1", "steps"]
        elif fn is self.module.entry:
            shared += ["0", "NULL"]
        return f"{self.c_names[fn.name]}({', '.join([*shared, *given])})"

    def call_by_number(self, number: str, args: str) -> str:
        """A call of a function of the module by its number."""
        shared = "run, table, depth + 1, steps" if self.checked else "run, table"
        return f"{self.name}_by_number({shared}, {number}, {args})"

    @property
    def called(self) -> list[int]:
        """Functions that are called by their numbers."""
        return sorted(self.indices[name] for name in self.kinds.called_back)

    @property
    def calls_numbers(self) -> bool:
        """Whether there is such a call in the program itself."""
        return any(isinstance(op, CallIndirect) for fn in self.module.functions for op in fn.ops())

    def takes_calls(self) -> list[str]:
        """Make this the program whose functions helpers call."""
        return [f"run->invoke = {self.name}_call_back;", "((struct bpfcc_bound *)run->backend)->invoked = table;"]

    # ---- for the template

    def numbered(self) -> list[dict[str, Any]]:
        """A case for each function that is called by its number."""
        found = []
        for at in self.called:
            fn = self.module.functions[at]
            given = [f"r{number + 1}" for number in range(self.parameter_count(fn))]
            text = self.call_text(fn, given)
            found.append({"number": at, "call": text.replace("depth + 1", "depth")})
        return found

    def context(self, bodies: Sequence[Body], *, lines: bool) -> dict[str, Any]:
        """What the template says of it."""
        return {
            "name": self.name,
            "source_name": self.module.entry.name,
            "raw": self.module.type == RAW,
            "type": self.module.type or "",
            "part": self.part,
            "functions": [
                {"prototype": body.signature, "text": function_text(self.module, body, lines=lines), "entry": at == 0}
                for at, body in enumerate(bodies)
            ],
            "numbered": self.numbered(),
            "called_back": bool(self.kinds.called_back),
            "by_number": bool(self.called) or self.calls_numbers,
            "push": self.slot("runtime", "bpfcc_push_frame") if self.checked and self.called else "",
            "pop": self.slot("runtime", "bpfcc_pop_frame") if self.checked and self.called else "",
            "function_names": [fn.name for fn in self.module.functions],
            "described": described(self.module.type or "", self.part.attach_type, checked=self.checked),
        }


def function_text(module: Module, body: Body, *, lines: bool) -> str:
    """A function's declarations and statements."""
    printer = Printer(module.position if lines else None)
    for line in body.declarations:
        printer.add("    " + line)
    printer.statements(body.statements, 1)
    return "\n".join([*printer.lines, *([SELF] if printer.marked else [])])


def emit(
    parts: Sequence[Part], environments: Sequence[Environment], *, lines: bool = True, made_from: str = "",
    notes: Mapping[str, MapNotes] | None = None, maps: Sequence[MapSpec] = (),
) -> Emitted:  # fmt: skip
    """The file. `environments` are of one mode, one for each part; `lines`: `#line` directives; `notes` on maps by name;
    `maps`: those that no program names, but maps of maps do. UnsupportedError as other back ends."""
    from bpfcc import __version__

    shared = Shared()
    contexts = []
    with paused_collector():
        for part, environment in zip(parts, environments, strict=True):
            unit = Unit(part, environment, shared, alone=len(parts) == 1)
            bodies = [FunctionWriter(unit, fn, part.names.get(fn.name, {})).write() for fn in part.module.functions]
            contexts.append(unit.context(bodies, lines=lines))
    known = {spec.name for spec in shared.maps}
    shared.maps += [spec for spec in maps if spec.name not in known]
    text = template().render(
        header=header_text(),
        programs=contexts,
        slots=[slot_context(slot, shared) for slot in shared.table.slots],
        maps=map_contexts(shared.maps, notes or {}),
        checked=environments[0].checked,
        made_from=made_from,
        version=__version__,
        context_base=f"{CONTEXT_BASE:#x}",
        slot_user=SLOT_USER,
        slot_context=SLOT_CONTEXT,
    )
    return Emitted(own_lines(text), shared.table, tuple(shared.maps))


def c_template(package: str, name: str) -> Any:
    """A template of C; `c_string` and `c_int64` write literals."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - it is C
    )
    environment.filters["c_string"] = quoted
    environment.filters["c_int64"] = c_int64
    return environment.get_template(name)


@cache
def template() -> Any:
    """The shape of a file."""
    return c_template("bpfcc.backends.aot", "program.c.j2")


def own_lines(text: str) -> str:
    """Directives that lead back to the emitted file, with its own line numbers."""
    found = text.split("\n")
    for at, line in enumerate(found):
        if line == SELF:
            # Lines count from one, and the directive speaks of the next.
            found[at] = f'#line {at + 2} "bpfcc"'
    return "\n".join(found)


def slot_context(slot: Slot, shared: Shared) -> dict[str, Any]:
    """A member of the table's structure."""
    if slot.kind == TARGETS:
        return {
            "type": "const struct bpfcc_target *",
            "name": "targets",
            "kind": 1,
            "which": 0,
            "comment": "programs that tail calls enter",
        }
    if slot.kind == TARGET_COUNT:
        return {"type": "uint64_t ", "name": "target_count", "kind": 2, "which": 0, "comment": ""}
    name = shared.names[slot]
    if slot.kind == "helper":
        return {"type": "bpfcc_helper *", "name": name, "kind": HELPER_SLOT, "which": slot.which, "comment": f"helper {slot.which}"}
    if slot.kind == "runtime":
        type_name, number = RUNTIME_TYPES[str(slot.which)]
        return {"type": f"{type_name} *", "name": name, "kind": RUNTIME_SLOT, "which": number, "comment": ""}
    type_name, _, kind = MAP_SLOTS[slot.kind]
    return {"type": type_name, "name": name, "kind": kind, "which": slot.which, "comment": f"map {shared.maps[int(slot.which)].name}"}
