"""Inputs of a program: what can be chosen, and a choice as packet, context, maps and surroundings.

    shape = Shape(program)
    given = shape.given({("length",): 34, ("packet", 12): 8})
    given.packet, given.maps                      34 bytes, {}
    shape.counterexample(given, trap)             as `bpfcc run` takes it

A choice (a `Model`) names only what matters; everything else is as in a run without options: packet bytes are zero, maps empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast, final

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.execution import RAW, make_map, member_offset, needed_maps, refuse_externs
from bpfcc.program import tail_callable
from bpfcc.runtime.contexts import ContextCodec, context_codec
from bpfcc.runtime.maps import KeyedMap
from bpfcc.runtime.maps.seed import format_item
from bpfcc.runtime.options import RunOptions, Task
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.counterexamples.expressions import Model
    from bpfcc.program import Program
    from bpfcc.runtime.specs.model import Field

PACKET_BYTES: Final = 64
DATA_BYTES: Final = 64
CONTEXT_BYTES: Final = 256
MAX_VALUE_BYTES: Final = 1 << 16
MAX_LENGTH: Final = 0xFFFF
LENGTH: Final = ("length",)
FILL: Final = ("fill",)
REPEAT: Final = "repeat"
FULL: Final = "full"
GLOBAL_KEY: Final = bytes(4)
# Fields of a packet's context that say what the packet is: an input chooses the packet.
FROM_PACKET: Final = frozenset({"protocol", "pkt_type", "wire_len"})
SHIFTS_OF_TASK: Final = {"pid": ("pid_tgid", 32), "tid": ("pid_tgid", 0), "gid": ("uid_gid", 32), "uid": ("uid_gid", 0)}
GOLDEN: Final = 0x9E3779B97F4A7C15
MASK64: Final = (1 << 64) - 1


@final
@dataclass(slots=True)
class Given:
    """One input. `maps`: entries by map, bytes to bytes; global data is the one entry of its section.

    `surroundings`: `clock_ns`, `pid`, `tid`, `uid`, `gid`, `comm`, `seed` where they are not as usual, and `repeat`.
    """

    packet: bytes | None = None
    context: bytes | None = None
    fields: dict[str, int | tuple[int, ...]] = field(default_factory=dict)
    data: bytes | None = None
    maps: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    surroundings: dict[str, int | str] = field(default_factory=dict)

    def options(self, steps: int | None = None) -> RunOptions:
        """What the runtime is told."""
        return run_options(self.surroundings, steps)


def run_options(surroundings: Mapping[str, int | str], steps: int | None = None) -> RunOptions:
    """Options of a run in such surroundings."""
    s = cast("Mapping[str, Any]", surroundings)
    usual = Task()
    task = replace(
        usual, pid=s.get("pid", usual.pid), tid=s.get("tid"), uid=s.get("uid", 0), gid=s.get("gid", 0), comm=s.get("comm", usual.comm)
    )
    made = RunOptions(clock_ns=s.get("clock_ns"), seed=s.get("seed", 0), task=task)
    return made if steps is None else replace(made, steps=steps)


@final
class Shape:
    """What can be chosen for one program. UnsupportedError where it cannot run here at all."""

    def __init__(self, program: Program, module: Module | None = None, *, whole_context: bool = False) -> None:
        self.program = program
        self.module = module if module is not None else program.ir
        if program.type is None:
            raise UnsupportedError("programs of unknown type")
        self.type: str = program.type
        self.platform = load_platform("linux")
        self.spec = self.platform.program_type(self.type)
        # Where a tail call goes is not followed, only that it goes.
        self.tail_names = [each.name for each in tail_callable(program)]
        refuse_externs(self.module)
        self.maps: dict[str, MapSpec] = {spec.name: spec for spec in needed_maps([program])}
        self.special = {spec.name: special_members(spec) for spec in self.maps.values()}
        self.codec: ContextCodec | None = context_codec(self.platform, self.type, program.attach_type)
        self.takes_packets = self.spec.packet is not None
        self.context_size = self._context_size(whole=whole_context)
        self.fields = self._chosen_fields()

    def _context_size(self, *, whole: bool) -> int:
        spec = self.codec.spec if self.codec is not None else None
        if spec is None or self.type == RAW:
            return 0
        if not spec.variable:
            return spec.size
        return spec.size if whole else min(spec.size, CONTEXT_BYTES)

    def _chosen_fields(self) -> dict[int, Field]:
        """Fields that an input may set, by each of their bytes."""
        if self.codec is None or self.type == RAW:
            return {}
        found: dict[int, Field] = {}
        for each in self.codec.spec.fields:
            chosen = each.kind == "scalar" and each.name in self.codec.readable_fields
            if chosen and not (self.takes_packets and each.name in FROM_PACKET):
                found |= dict.fromkeys(range(each.offset, each.offset + each.size), each)
        return found

    def may_choose(self, offset: int) -> bool:
        """Whether an input may choose this byte of the context."""
        return offset in self.fields or (self.codec is not None and not self.codec.spec.fields and self.type != RAW)

    def settable(self, spec: MapSpec) -> bool:
        """Whether a seed can say what is in the map. Global data needs its types; what is read-only is known."""
        if spec.value_size > MAX_VALUE_BYTES:
            return False
        if spec.initial is not None:
            return not spec.read_only_program and spec.btf is not None and bool(spec.btf_value_type_id)
        return True

    # ---- an input from a choice

    def given(self, model: Model) -> Given:
        """The input that a choice means."""
        made = Given()
        length = max(0, min(model.get(LENGTH, PACKET_BYTES), MAX_LENGTH))
        fill = model.get(FILL, 0)
        content = bytearray([fill]) * length
        context = bytearray([0 if self.takes_packets else fill]) * self.context_size
        touched: set[int] = set()
        values: dict[tuple[str, bytes], dict[int, int]] = {}
        for variable, value in model.items():
            match variable:
                case ("packet" | "data", int(at)) if at < length:
                    content[at] = value
                case ("context", int(at)) if at < len(context):
                    context[at] = value
                    touched.add(at)
                case ("value", str(name), bytes(key), int(at)):
                    values.setdefault((name, key), {})[at] = value
                case ("entry", str(name), bytes(key)):
                    if value:
                        made.maps.setdefault(name, {}).setdefault(key, bytes([fill]) * self.maps[name].value_size)
                case _:
                    self._surround(made, variable, value)
        self._put_values(made, values, model)
        for variable in model:
            if variable[0] == FULL and isinstance(variable[1], str):
                self._fill(made.maps.setdefault(variable[1], {}), self.maps[variable[1]])
        if self.type == RAW:
            made.data = bytes(content)
        elif self.takes_packets:
            made.packet = bytes(content)
            made.fields = self._named(bytes(context), touched)
        else:
            made.context = bytes(context)
        return made

    @staticmethod
    def _fill(entries: dict[bytes, bytes], spec: MapSpec) -> None:
        """As many entries as the map takes, with keys that nobody looks up first."""
        prefix = (8 * (spec.key_size - 4)).to_bytes(4, "little") if spec.type == "lpm_trie" else b""
        for number in range(spec.max_entries):
            key = prefix + (~number & (1 << 8 * (spec.key_size - len(prefix))) - 1).to_bytes(spec.key_size - len(prefix), "little")
            if len(entries) < spec.max_entries:
                entries.setdefault(key, bytes(spec.value_size))

    def _named(self, context: bytes, touched: set[int]) -> dict[str, int | tuple[int, ...]]:
        found: dict[str, int | tuple[int, ...]] = {}
        for each in {self.fields[at] for at in touched if at in self.fields}:
            step = each.element_size
            raw = context[each.offset : each.offset + each.size]
            numbers = tuple(int.from_bytes(raw[at : at + step], "little") for at in range(0, each.size, step))
            found[each.name] = numbers if each.count > 1 else numbers[0]
        return found

    def _put_values(self, made: Given, values: dict[tuple[str, bytes], dict[int, int]], model: Model) -> None:
        for (name, key), chosen in values.items():
            spec = self.maps[name]
            entries = made.maps.setdefault(name, {})
            if spec.initial is None and spec.type not in ALWAYS_THERE and key not in entries and not model.get(("entry", name, key), 0):
                continue
            before = entries.get(key, spec.initial.ljust(spec.value_size, b"\0") if spec.initial is not None else bytes(spec.value_size))
            content = bytearray(before)
            for at, value in chosen.items():
                if at < len(content):
                    content[at] = value
            entries[key] = bytes(content)
        for name in [name for name, entries in made.maps.items() if not entries]:
            del made.maps[name]

    def _surround(self, made: Given, variable: tuple[str | int | bytes, ...], value: int) -> None:
        match variable:
            case ("clock",):
                made.surroundings["clock_ns"] = value
            case ("random", int(number)):
                made.surroundings.setdefault("seed", seed_for(number, value))
            case ("task", "comm", int(at)):
                comm = bytearray(str(made.surroundings.get("comm", "bpfcc")).encode("latin-1").ljust(15, b"\0"))
                comm[at : at + 1] = bytes([value & 0x7F])
                made.surroundings["comm"] = comm.decode("latin-1").rstrip("\0")
            case ("task", str(which)):
                for name, (word, shift) in SHIFTS_OF_TASK.items():
                    if word == which:
                        made.surroundings[name] = value >> shift & 0xFFFF_FFFF
            case _:
                pass

    # ---- as `bpfcc run` takes it

    def seeds(self, given: Given) -> dict[str, Any]:
        """The maps' contents as a seed document. InputError where one cannot be said so."""
        found: dict[str, Any] = {}
        for name, entries in given.maps.items():
            spec = self.maps[name]
            if spec.initial is not None:
                found[name] = variables_of(spec, entries[GLOBAL_KEY])
                continue
            with make_map(spec, 1, self.platform) as made:
                if isinstance(made, KeyedMap):
                    keys, values = made.keys_as, made.values_as
                    found[name] = [{"key": format_item(keys, key), "value": format_item(values, value)} for key, value in entries.items()]
        return found


def special_members(spec: MapSpec) -> tuple[int | None, int | None]:
    """Where a lock and a timer lie in the map's values."""
    if spec.btf is None or not spec.btf_value_type_id:
        return None, None
    lock, timer = (member_offset(spec.btf, spec.btf_value_type_id, name) for name in ("bpf_spin_lock", "bpf_timer"))
    return lock, timer


ALWAYS_THERE: Final = frozenset({"array", "percpu_array"})


def variables_of(spec: MapSpec, content: bytes) -> dict[str, Any]:
    """The variables of a section of global data that differ from what the object has. InputError where one has no readable form."""
    from bpfcc.frontend.btf_values import decode_value, encode_value

    before = (spec.initial or b"").ljust(spec.value_size, b"\0")
    btf = spec.btf
    found: dict[str, Any] = {}
    for variable in btf.type(spec.btf_value_type_id).variables:
        type_id = btf.type(variable.type_id).type_id
        span = slice(variable.offset, variable.offset + variable.size)
        if content[span] == before[span]:
            continue
        shown = listed(decode_value(btf, type_id, content[span]))
        if encode_value(btf, type_id, shown) != content[span]:
            raise InputError(f"{btf.name(variable.type_id)} cannot be given as a value")
        found[btf.name(variable.type_id)] = shown
    return found


def listed(value: Any) -> Any:
    """A decoded value as JSON has it, bytes as lists: text in a seed of global data is text."""
    match value:
        case bytes():
            return list(value)
        case list():
            return [listed(each) for each in value]
        case dict():
            return {name: listed(each) for name, each in value.items()}
        case _:
            return value


def _unmix(z: int) -> int:
    """What the random generator's mixing function was given (runtime/native/helper_time.c), undone."""
    z = _unshift(z, 31)
    z = z * pow(0x94D049BB133111EB, -1, 1 << 64) & MASK64
    z = _unshift(z, 27)
    z = z * pow(0xBF58476D1CE4E5B9, -1, 1 << 64) & MASK64
    return _unshift(z, 30)


def _unshift(z: int, count: int) -> int:
    """x with x ^ x >> count == z."""
    x = z
    for _ in range(64 // count + 1):
        x = z ^ x >> count
    return x


def seed_for(number: int, value: int) -> int:
    """The seed with which random number `number` (from 0, on CPU 0) is `value`."""
    return (_unmix((value & 0xFFFF_FFFF) << 32) - (number + 1) * GOLDEN) & MASK64
