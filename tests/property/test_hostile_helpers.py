"""Helpers called with anything at all: a checked run may trap, the process is never harmed.

What a program that nothing has verified can pass is tried at random: handles of every kind of map, addresses at the edges of
every region, sizes that wrap. A fault here is a crash of the test process.
"""

from __future__ import annotations

import ctypes
import random

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.runtime.memory import CONTEXT_BASE, STACK_BASE, function_handle, state_library
from bpfcc.runtime.options import Device, Route, RunOptions, Task
from bpfcc.runtime.specs import Argument
from bpfcc.runtime.state import HelperFunction
from tests.runtime_harness import Lab

MASK = (1 << 64) - 1
ARRAY = MapSpec("array", "array", 4, 24, 4)
MAPS = (
    ARRAY, MapSpec("hash", "hash", 4, 8, 8), MapSpec("percpu", "percpu_array", 4, 8, 2), MapSpec("lru", "lru_hash", 4, 8, 4),
    MapSpec("percpu_hash", "percpu_hash", 8, 8, 4), MapSpec("lpm", "lpm_trie", 8, 8, 4, flags=1), MapSpec("queue", "queue", 0, 4, 4),
    MapSpec("stack", "stack", 0, 4, 4), MapSpec("bloom", "bloom_filter", 0, 4, 10), MapSpec("ring", "ringbuf", 0, 0, 4096),
    MapSpec("perf", "perf_event_array", 4, 4, 2), MapSpec("programs", "prog_array", 4, 4, 4), MapSpec("stacks", "stack_trace", 4, 64, 8),
    MapSpec("cgroups", "cgroup_array", 4, 4, 2), MapSpec("devices", "devmap", 4, 4, 4), MapSpec("by_hash", "devmap_hash", 4, 8, 4),
    MapSpec("cpus", "cpumap", 4, 4, 4), MapSpec("sockets", "xskmap", 4, 4, 4), MapSpec("sk", "sk_storage", 4, 8, 0, flags=1),
    MapSpec("cgroup", "cgroup_storage", 16, 8, 0), MapSpec("task", "task_storage", 4, 300, 0, flags=1),
    MapSpec(".rodata", "array", 4, 16, 1, flags=0x80, initial=b"abc %d"),
    MapSpec("outer", "array_of_maps", 4, 4, 3, inner=ARRAY, values={1: "array"}),
)  # fmt: skip
OPTIONS = RunOptions(
    cpus=2, clock_ns=5, task=Task(cgroup_id=5, address=1 << 40, netns_cookie=1, socket_cookie=2), devices=[Device(1)], steps=1000,
    routes=[Route("10.0.0.0/8", ifindex=2, dmac=bytes(6))], call_stack=[1, 2, 3], readable={1 << 40: b"x" * 100}, function_arguments=2,
)  # fmt: skip
MEMORY_KINDS = {
    "map_key",
    "map_value",
    "mem",
    "mem_uninit",
    "mem_write",
    "mem_or_null",
    "map_value_uninit",
    "dynptr",
    "dynptr_uninit",
    "const_str",
}
FRAME = STACK_BASE + 3584
Invoke = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint32, *[ctypes.c_uint64] * 5)


class Caller:
    """Random calls on one lab; callbacks call, too."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab, self.random, self.depth = lab, random.Random(seed), 0
        self.handles = [lab.handle(spec.name) for spec in MAPS]
        self.values = [lab.runtime.binding(spec.name).guest_base for spec in MAPS]
        self.reserved: list[int] = []
        self.helpers = [helper for helper in lab.platform.helpers_by_id.values() if helper.runtime]
        self.addresses = {helper.id: lab.runtime.helper_address(helper.id, lab.program_type) for helper in self.helpers}
        self._invoke = Invoke(self._called_back)
        lab.run.native.invoke = ctypes.cast(self._invoke, ctypes.c_void_p).value

    def _called_back(self, *_: int) -> int:
        if self.random.random() < 0.3:
            self.call()
        return self.random.random() < 0.2

    def address(self) -> int:
        pick, below = self.random.choice, self.random.randrange
        bases = [pick(self.handles), FRAME, CONTEXT_BASE, 0x0300_0100, pick(self.values), 0x0500_0000, function_handle(0), 1 << 40]
        return pick(bases) + below(-20, 540)

    def number(self) -> int:
        edges = [0, 1, 2, 4, 8, 16, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 32, MASK]
        return self.random.choice(
            [self.random.randrange(64), self.random.choice(edges), self.random.getrandbits(64), -self.random.randrange(300)]
        )

    def argument(self, kind: str) -> int:
        good = self.random.random() < 0.7
        if good and kind == "const_map_ptr":
            return self.random.choice(self.handles)
        if good and kind == "ctx":
            return self.lab.ctx
        if good and kind in MEMORY_KINDS:
            return FRAME + self.random.choice([0, 64, 256])
        if good and kind in {"timer", "spin_lock"}:
            return self.values[0]
        if good and kind == "func":
            return function_handle(0)
        if good and kind in {"size", "size_or_zero"}:
            return self.random.randrange(128)
        if good and kind == "ringbuf_mem" and self.reserved:
            return self.random.choice(self.reserved)
        return self.random.choice([self.address, self.number])()

    def call(self) -> None:
        if self.depth == 3:
            return
        self.depth += 1
        helper = self.random.choice(self.helpers)
        kinds = [*helper.arguments, *[Argument("anything")] * 5][:5]
        result = HelperFunction(self.addresses[helper.id])(*(self.argument(each.kind) & MASK for each in kinds), self.lab.run.pointer)
        if helper.name == "ringbuf_reserve" and result:
            self.reserved.append(result)
        self.depth -= 1

    def round(self, index: int) -> None:
        run = self.lab.run
        ctypes.memmove(run.native.frames + 3584, (b"%d %s %pI4\0" * 10)[:110], 110)
        for _ in range(self.random.randrange(1, 8)):
            self.call()
            if self.random.random() < 0.5:
                run.native.trap = 0
        self.lab.end()
        self.reserved.clear()
        if run.type.packet and index % 20 == 0:
            run.prepare(bytes(self.random.randrange(300)))
        if index % 50 == 0:
            self.lab.runtime.take_log()
            self.lab.runtime.set_clock(index * 1000)
            state_library().bpfcc_timers_fire(run.pointer, 1000)
        run.native.trap = 0
        assert state_library().bpfcc_run_begin(run.pointer, 1000) == 0


def storm(program_type: str, seed: int, rounds: int) -> None:
    packet, context = (None, {}) if program_type == "kprobe" else (bytes(range(100)), None)
    with Lab(program_type, packet=packet, context=context, maps=MAPS, options=OPTIONS) as lab:
        caller = Caller(lab, seed)
        for index in range(rounds):
            caller.round(index)
        lab.end()
        assert (lab.run.outcome.locks, lab.run.outcome.references) == (0, 0)
        lab.run.native.invoke = None


@pytest.mark.parametrize("program_type", ["xdp", "sched_cls", "kprobe"])
def test_no_argument_harms_the_process(program_type: str) -> None:
    storm(program_type, 1, 2000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 10))
@pytest.mark.parametrize("program_type", ["xdp", "sched_cls", "kprobe"])
def test_no_argument_harms_the_process_for_long(program_type: str, seed: int) -> None:
    storm(program_type, seed, 5000)
