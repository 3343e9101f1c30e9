"""A case in the running kernel: loaded with bpf(2), run by BPF_PROG_TEST_RUN on CPU 0, never attached.

    engine = KernelEngine(case)                 KernelRefusedError with its verifier's log
    engine.outcome(given)

Functions that are called back need type information, so each function gets a type that says nothing but that it is one.
"""

from __future__ import annotations

import ctypes
import os
import struct
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.encode import encode_insn
from bpfcc.program import Program, tail_callable
from bpfcc.runtime.specs import load_platform
from tests import kernel
from tests.data.btf_builder import BtfBuilder
from tests.fuzzing.inputs import FIELDS as INPUT_FIELDS

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from tests.fuzzing.case import Case, Input
    from tests.fuzzing.engines import Outcome

TYPES: Final = {"xdp": kernel.XDP, "sched_cls": kernel.SCHED_CLS, "socket_filter": kernel.SOCKET_FILTER}
BPF_TEST_RUN, BPF_BTF_LOAD, BPF_MAP_FREEZE = 10, 18, 22
ROOM: Final = 8192
ETHERNET: Final = 14
XDP_MD, SKB_BYTES = struct.Struct("<IIIIII"), 192
FIELDS: Final = {"mark": (8, 1), "priority": (32, 1), "cb": (48, 5)}


class KernelRefusedError(Exception):
    """The kernel does not take a program: the end of its log."""


def cpus() -> int:
    """How many values an entry of a per-CPU map has."""
    text = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii")
    return int(text.strip().rpartition(",")[2].rpartition("-")[2]) + 1


def types_of(functions: int) -> bytes:
    """Type 1: a number; 2: a function without arguments; from 3 on, one for each function."""
    made = BtfBuilder()
    number = made.int("int", 4, 1)
    proto = made.proto(number, [])
    for index in range(functions):
        made.func(f"f{index}", proto, linkage=0)
    return made.blob()


def load_types(blob: bytes) -> int:
    """A file descriptor. Raises OSError."""
    buffer = ctypes.create_string_buffer(blob, len(blob))
    return kernel._bpf(BPF_BTF_LOAD, struct.pack("<QQIII", ctypes.addressof(buffer), 0, len(blob), 0, 0))[0]


def test_run(fd: int, packet: bytes, context: bytes) -> tuple[int, bytes, bytes]:
    """(32 bits of r0, packet, context afterwards)"""
    source, target = ctypes.create_string_buffer(packet, len(packet)), ctypes.create_string_buffer(ROOM)
    given, left = ctypes.create_string_buffer(context, len(context)), ctypes.create_string_buffer(len(context))
    address = ctypes.addressof
    attributes = struct.pack(
        "<IIIIQQIIIIQQIII", fd, 0, len(packet), ROOM, address(source), address(target), 1, 0, len(context), len(context), address(given),
        address(left), 0, 0, 0,
    )  # fmt: skip
    _, after = kernel._bpf(BPF_TEST_RUN, attributes)
    _, value, _, size = struct.unpack_from("<IIII", after)
    return value, target.raw[:size], left.raw


@final
class KernelEngine:
    """The programs and maps of a case, in the kernel."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.cpus = cpus()
        self.fds: dict[str, int] = {}
        with ExitStack() as stack:
            for spec in case.maps:
                self.fds[spec.name] = self._map(stack, spec)
            loaded = {each.name: self._load(stack, each) for each in tail_callable(case.program())}
            self.program = loaded[case.programs[0].name]
            for spec in case.maps:
                if spec.type == "prog_array":
                    for index, name in spec.values.items():
                        kernel.map_update(self.fds[spec.name], index.to_bytes(4, "little"), loaded[name].to_bytes(4, "little"))
            self._stack = stack.pop_all()

    def _map(self, stack: ExitStack, spec: MapSpec) -> int:
        number = load_platform("linux").map_types[spec.type].number
        fd = kernel.map_create(number, spec.key_size, spec.value_size, spec.max_entries, spec.flags)
        stack.callback(os.close, fd)
        if spec.initial is not None:
            kernel.map_update(fd, bytes(4), spec.initial)
        if spec.read_only_program:
            kernel._bpf(BPF_MAP_FREEZE, struct.pack("<I", fd))
        return fd

    def _load(self, stack: ExitStack, program: Program) -> int:
        code = []
        for insn in decode(program.bytecode.code):
            if insn is not None:
                named = insn.opcode == 0x18 and insn.src in (1, 2)
                code.append(encode_insn(insn._replace(imm=self.fds[self.case.maps[insn.imm].name]) if named else insn))
        starts = sorted(span.start for span in program.bytecode.functions)
        types = load_types(types_of(len(starts)))
        rows = tuple((start, 3 + index) for index, start in enumerate(starts))
        try:
            loaded = kernel.prog_load(TYPES[self.case.kind], b"".join(code), types=types, functions=rows)
        finally:
            os.close(types)
        if isinstance(loaded, kernel.Refused):
            lines = loaded.log.strip().splitlines() or [os.strerror(loaded.errno)]
            told = [line for line in lines if not line.startswith(("processed ", "verification time", "stack depth"))]
            raise KernelRefusedError("\n".join(told[-12:]))
        stack.callback(os.close, loaded)
        return loaded

    # ---- running

    def outcome(self, given: Input) -> Outcome:
        from tests.fuzzing.engines import Outcome

        for spec in self.case.maps:
            self._fill(spec, given)
        packet, context = self._arguments(given)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {0})
        try:
            value, after, left = test_run(self.program, packet, context)
        finally:
            os.sched_setaffinity(0, before)
        if self.case.kind == "xdp":
            # Metadata come first.
            after = after[XDP_MD.unpack(left)[0] :]
        elif self.case.kind == "socket_filter":
            after = after[ETHERNET:]
        maps = {spec.name: tuple(sorted(self._entries(spec))) for spec in self.case.maps if spec.type != "prog_array"}
        return Outcome(value, after, None, maps, None, {name: self._field(left, name) for name in INPUT_FIELDS[self.case.kind]})

    @staticmethod
    def _field(context: bytes, name: str) -> object:
        offset, count = FIELDS[name]
        found = struct.unpack_from(f"<{count}I", context, offset)
        return found if count > 1 else found[0]

    def _arguments(self, given: Input) -> tuple[bytes, bytes]:
        packet = given.packet
        if self.case.kind == "xdp":
            return packet, XDP_MD.pack(0, len(packet), 0, 0, 0, 0)
        context = bytearray(SKB_BYTES)
        for name, value in given.context.items():
            offset, count = FIELDS[name]
            struct.pack_into(f"<{count}I", context, offset, *(value if isinstance(value, tuple) else (value,)))
        # Socket filters see a packet without its link header: they get one before it that says the same.
        return (packet[:ETHERNET] + packet if self.case.kind == "socket_filter" else packet), bytes(context)

    # ---- maps

    def _value_bytes(self, spec: MapSpec) -> int:
        return (spec.value_size + 7) // 8 * 8 * self.cpus if spec.type.startswith("percpu") else spec.value_size

    def _keys(self, spec: MapSpec) -> list[bytes]:
        found: list[bytes] = []
        key = kernel.map_next_key(self.fds[spec.name], None, spec.key_size)
        while key is not None:
            found.append(key)
            key = kernel.map_next_key(self.fds[spec.name], key, spec.key_size)
        return found

    def _entries(self, spec: MapSpec) -> list[tuple[bytes, bytes]]:
        fd, size = self.fds[spec.name], self._value_bytes(spec)
        found = [(key, kernel.map_lookup(fd, key, size)) for key in self._keys(spec)]
        return [(key, value) for key, value in found if value is not None]

    def _fill(self, spec: MapSpec, given: Input) -> None:
        from tests.fuzzing.engines import entries_for, per_cpu

        entries = entries_for(spec, given)
        if entries is None:
            return
        fd = self.fds[spec.name]
        if not spec.type.endswith("array"):
            for key in self._keys(spec):
                kernel.map_delete(fd, key)
        for key, value in entries.items():
            kernel.map_update(fd, key, per_cpu(value, self.cpus) if spec.type.startswith("percpu") else value)

    def close(self) -> None:
        """Close everything."""
        self._stack.close()
