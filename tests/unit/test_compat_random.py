"""Random programs that use what ports: on Windows they do what they do on Linux, for packets and maps of any kind.

What differs there, and is said to, is not among what they use: hashes have room, elements of arrays are updated without flags.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.compat.rewrite import Ported, to_windows
from bpfcc.errors import Trap
from tests.compat_harness import Pair, xdp

VERDICTS = {0: 2, 1: 2, 2: 1, 3: 3}
MAPS = (
    MapSpec("seen", "array", 4, 8, 1), MapSpec("hash", "hash", 4, 8, 1000), MapSpec("array", "array", 4, 8, 3),
    MapSpec("percpu", "percpu_array", 4, 8, 3), MapSpec("queue", "queue", 0, 8, 2), MapSpec("stack", "stack", 0, 8, 2),
    MapSpec("lpm", "lpm_trie", 8, 8, 1000, flags=1), MapSpec("ring", "ringbuf", 0, 0, 1 << 20),
    MapSpec("perf", "perf_event_array", 4, 4, 1), MapSpec("programs", "prog_array", 4, 4, 2), MapSpec("lru", "lru_hash", 4, 8, 1000),
    MapSpec("small", "ringbuf", 0, 0, 4096), MapSpec("pch", "percpu_hash", 4, 8, 1000),
)  # fmt: skip
NUMBERS = {spec.name: number for number, spec in enumerate(MAPS)}
KEYED = ("hash", "array", "percpu", "lru", "pch", "lpm")
# What is kept: r6 the context, r7 and r8 the packet, r9 everything that was seen.
MIX = "r9 ^= r0\nr9 *= 1000003\nr0 = r9\nr0 >>= 29\nr9 ^= r0\n"
PACKET = "r7 = *(u32 *)(r6 + 0)\nr8 = *(u32 *)(r6 + 4)\n"


class Writer:
    """A program in work: straight-line steps that jump forward alone."""

    def __init__(self, source: random.Random) -> None:
        self.source, self.labels, self.functions = source, 0, ""
        self.steps = [step for step in dir(self) if step.startswith("do_")]

    def label(self) -> str:
        """A name that is not there yet."""
        self.labels += 1
        return f"l{self.labels}"

    def program(self) -> str:
        """All of it."""
        body = "".join(getattr(self, self.source.choice(self.steps))() for _ in range(self.source.randrange(1, 9)))
        keep = f"*(u64 *)(r10 - 8) = r9\n*(u32 *)(r10 - 16) = 0\n{address(2, 16)}{address(3, 8)}r4 = 0\nr1 = map[0] ll\ncall 2\n"
        # Linux looks at the low half alone.
        upper = self.source.choice(["", "r1 = 0x500000000 ll\nr0 |= r1\n", "w0 = w0\n"])
        finish = f"r9 &= 3\nr0 = r9\n{upper}exit\n"
        zero = "".join(f"*(u64 *)(r10 - {8 * at}) = {self.source.randrange(99)}\n" for at in range(1, 13))
        return f"r6 = r1\nr9 = {self.source.randrange(1 << 30)}\n{zero}{PACKET}{body}{keep}{finish}{self.functions}"

    # ---- numbers

    def do_field(self) -> str:
        return "r0 = *(u32 *)(r6 + 12)\n" + MIX

    def do_length(self) -> str:
        return self.source.choice(["r0 = r8\nr0 -= r7\n", "w0 = w8\nw0 -= w7\n", "r1 = r6\ncall 188\n"]) + MIX

    def do_cpu(self) -> str:
        return "call 8\n" + MIX

    def do_branch(self) -> str:
        end, kind = self.label(), self.source.choice(["==", "s<", ">", "&"])
        skipped = getattr(self, self.source.choice(self.steps))()
        test = f"r1 = r9\nr1 &= 255\nif {self.source.choice('rw')}1 {kind} {self.source.randrange(256)} goto {end}\n"
        return f"{test}{skipped}{end}:\n"

    # ---- packets

    def bounds(self, size: int) -> tuple[int, str, str]:
        """An offset, the test that it is inside, and where to go if not."""
        at, end = self.source.randrange(70), self.label()
        test = self.source.choice(["r1 > r8", "r8 < r1", "w1 > w8"])
        return at, f"r1 = r7\nr1 += {at + size}\nif {test} goto {end}\n", end

    def do_read(self) -> str:
        size = self.source.choice([1, 2, 4, 8])
        at, test, end = self.bounds(size)
        return f"{test}r0 = *(u{8 * size} *)(r7 + {at})\n{MIX}{end}:\n"

    def do_write(self) -> str:
        size = self.source.choice([1, 2, 4, 8])
        at, test, end = self.bounds(size)
        return f"{test}*(u{8 * size} *)(r7 + {at}) = r9\n{end}:\n"

    def do_bytes(self) -> str:
        size, helper = self.source.randrange(1, 33), self.source.choice([189, 190])
        offset = self.source.choice([f"{self.source.randrange(100)}", "-1", "65536", "r9"])
        limit = "w2 &= 127\n" if offset == "r9" else ""
        return f"r1 = r6\nr2 = {offset}\n{limit}{address(3, 40)}r4 = {size}\ncall {helper}\n{MIX}{self.read_stack(40)}{PACKET}"

    def do_checksum(self) -> str:
        sizes = [self.source.choice([0, 0, 4, 8, 20, 1, 3, 7]) for _ in range(2)]
        text = ""
        for number, size in zip((1, 3), sizes, strict=True):
            text += f"{address(number, 8 * self.source.randrange(3, 6)) if size else f'r{number} = 0'}\nr{number + 1} = {size}\n"
        seed = self.source.choice(["0", "-1", "r9", str(self.source.randrange(1 << 31)), "0x7fffffff"])
        fill = self.source.choice(["", *(f"*(u64 *)(r10 - {at}) = {self.source.choice(['0', '-1', 'r9'])}\n" for at in (24, 32, 40))])
        return f"{fill}{text}r5 = {seed}\ncall 28\n{MIX}"

    # ---- maps

    def at_key(self, name: str) -> str:
        """The map in r1 and the key's address in r2: a key of four bytes or eight."""
        key = f"r1 = r9\nr1 &= {self.source.choice([1, 3])}\n*(u32 *)(r10 - 12) = r1\n*(u32 *)(r10 - 16) = r1\n"
        prefix = f"*(u32 *)(r10 - 16) = {self.source.choice([0, 8, 16, 24, 32, 33])}\n" if name == "lpm" else ""
        return f"{key}{prefix}{address(2, 16)}r1 = map[{NUMBERS[name]}] ll\n"

    def look(self) -> str:
        """At an error: at all of it, its sign, or not at all."""
        end = self.label()
        test = self.source.choice(["r0 == 0", "r0 s< 0", "w0 s< 0", "r0 != 0", "r0 == -17", "w0 != -2", "r0 s> -1"])
        return self.source.choice([MIX, MIX, f"if {test} goto {end}\nr9 += 77\n{end}:\n", ""])

    def do_lookup(self) -> str:
        end, change = self.label(), self.source.choice(["r0 += 0", "r1 = 3\nlock *(u64 *)(r0 + 0) += r1", "*(u64 *)(r0 + 0) = r9"])
        name = self.source.choice(KEYED)
        return f"{self.at_key(name)}call 1\nif r0 == 0 goto {end}\n{change}\nr0 = *(u64 *)(r0 + 0)\n{MIX}{end}:\n"

    def do_update(self) -> str:
        name = self.source.choice(KEYED)
        flags = self.source.choice(["0", "0", "1", "2", "3", "7", "8", "-1", "r9"])
        limit = "r4 &= 3\n" if flags == "r9" and self.source.random() < 0.7 else ""
        return f"*(u64 *)(r10 - 24) = r9\n{self.at_key(name)}{address(3, 24)}r4 = {flags}\n{limit}call 2\n{self.look()}"

    def do_delete(self) -> str:
        return f"{self.at_key(self.source.choice(KEYED))}call 3\n{self.look()}"

    def do_push(self) -> str:
        name, flags = self.source.choice(["queue", "stack"]), self.source.choice(["0", "2", "1", "4", "r9"])
        limit = "r3 &= 3\n" if flags == "r9" else ""
        return f"*(u64 *)(r10 - 24) = r9\nr1 = map[{NUMBERS[name]}] ll\n{address(2, 24)}r3 = {flags}\n{limit}call 87\n{self.look()}"

    def do_pop(self) -> str:
        name, helper = self.source.choice(["queue", "stack"]), self.source.choice([88, 89])
        return f"r1 = map[{NUMBERS[name]}] ll\n{address(2, 24)}call {helper}\n{self.look()}r0 = *(u64 *)(r10 - 24)\n{MIX}"

    # ---- events

    def do_output(self) -> str:
        size, flags = self.source.randrange(1, 41), self.source.choice(["0", "0", "1", "2", "3", "4", "r9"])
        limit = "r4 &= 7\n" if flags == "r9" else ""
        return f"r1 = map[{NUMBERS['ring']}] ll\n{address(2, 40)}r3 = {size}\nr4 = {flags}\n{limit}call 130\n{self.look()}"

    def do_perf(self) -> str:
        size = self.source.randrange(1, 41)
        return f"r1 = r6\nr2 = map[{NUMBERS['perf']}] ll\nr3 = 0xffffffff ll\n{address(4, 40)}r5 = {size}\ncall 25\n"

    def do_record(self) -> str:
        size, flags = self.source.choice([8, 16, 24, 64, 200, 600, 5000]), self.source.choice([0, 0, 0, 0, 1])
        ring = self.source.choice(["ring", "ring", "small"])
        end, other = self.label(), self.label()
        if ring == "small" and size < 5000:
            ring = "ring"
        fill = "".join(f"*(u64 *)(r0 + {at}) = r9\n" for at in range(0, size, 8) if self.source.random() < 9 / size)
        give = self.source.choice(["call 132\n", "call 133\n", f"if r9 & 1 goto {other}\ncall 132\ngoto {end}\n{other}:\ncall 133\n"])
        reserve = f"r1 = map[{NUMBERS[ring]}] ll\nr2 = {size}\nr3 = {flags}\ncall 131\n"
        return f"{reserve}if r0 == 0 goto {end}\n{fill}r1 = r0\nr2 = 0\n{give}{end}:\n"

    # ---- control

    def do_loop(self) -> str:
        name, end = self.label(), self.label()
        step = self.source.choice(["r4 = *(u64 *)(r2 + 0)\nr4 += r1\n*(u64 *)(r2 + 0) = r4\n", "lock *(u64 *)(r2 + 0) += r1\n"])
        stop = self.source.choice(["r0 = 0", f"r0 = 0\nif r1 != {self.source.randrange(9)} goto {end}\nr0 = 1"])
        self.functions += f"{name}:\n{step}{stop}\n{end}:\nexit\n"
        rounds = self.source.choice(["0", "1", "7", "8388609", "r9"])
        limit = "w1 &= 15\n" if rounds == "r9" else ""
        call = f"r1 = {rounds}\n{limit}r2 = func {name} ll\n{address(3, 24)}r4 = 0\ncall 181\n"
        return f"*(u64 *)(r10 - 24) = r9\n{call}{MIX}{self.read_stack(24)}"

    def do_call(self) -> str:
        name, end = self.label(), self.label()
        self.functions += f"{name}:\nr0 = 5\nr3 = r1\nr3 += 3\nif r3 > r2 goto {end}\nr0 = *(u16 *)(r1 + 1)\n{end}:\nexit\n"
        return f"r1 = r7\nr2 = r8\ncall {name}\n{MIX}"

    def do_call_with_context(self) -> str:
        name = self.label()
        self.functions += f"{name}:\nr0 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr0 -= r1\nexit\n"
        return f"r1 = r6\ncall {name}\n{MIX}"

    def do_tail_call(self) -> str:
        return f"r1 = r6\nr2 = map[{NUMBERS['programs']}] ll\nr3 = {self.source.randrange(4)}\ncall 12\n{PACKET}"

    def read_stack(self, at: int) -> str:
        """What is there."""
        return f"r0 = *(u64 *)(r10 - {at})\n{MIX}"


def address(register: int, below: int) -> str:
    """The address of a byte of the frame."""
    return f"r{register} = r10\nr{register} += -{below}\n"


def packet(source: random.Random) -> bytes:
    """Any bytes; of some lengths more often."""
    return source.randbytes(source.choice([14, 33, 34, 60, 64, 65, source.randrange(14, 120)]))


def compare(seed: int) -> Ported:
    """One program, and some packets one after another."""
    source = random.Random(seed)
    text = Writer(source).program()
    program = xdp(text, MAPS)
    with Pair(program) as pair:
        for _ in range(6):
            data = packet(source)
            here, there = pair.run(data, {"ingress_ifindex": 7})
            same = (VERDICTS[here.value], here.packet, here.records) == (there.value, there.packet, there.records)
            kept = {name: each for name, each in there.maps.items() if name in here.maps}
            assert same, (seed, text, here, there)
            assert here.maps == kept, (seed, text)
        return pair.ported


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int) -> None:
    found = compare(seed)
    assert found.verdict is not None
    assert found.verdict.accepted, [(each.code, each.message) for each in found.verdict.findings]


@pytest.mark.soak
def test_many_random_programs() -> None:
    for seed in range(1000, 6000):
        compare(seed)


# ---- fields of contexts

HOOKS: dict[str, dict[str, Any]] = {
    "bind4": {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet4_bind"},
    "bind6": {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet6_bind"},
    "connect4": {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet4_connect"},
    "connect6": {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet6_connect"},
    "sockops": {"type": "sock_ops", "attach_type": "cgroup_sock_ops"},
}
FIELDS = {"cgroup_sock_addr": range(64), "sock_ops": [0, 4, *range(20, 73)]}


def contexts_of(hook: str, source: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is there on Linux, and the same on Windows."""
    four = hook.endswith("4") or (hook == "sockops" and source.random() < 0.5)
    words = tuple(source.randrange(1 << 32) for _ in range(4))
    port = source.randrange(1 << 16)
    if hook == "sockops":
        local, remote = port, source.randrange(1 << 16)
        swapped = int.from_bytes(local.to_bytes(2, "big"), "little")
        here: dict[str, Any] = {"op": 4, "family": 2 if four else 10, "local_port": local, "remote_port": remote << 16, "is_fullsock": 1}
        there: dict[str, Any] = {"op": 0, "family": 2 if four else 23, "local_port": swapped, "remote_port": remote}
        same: dict[str, Any] = {"local_ip4": words[0], "remote_ip4": words[1]} if four else {"local_ip6": words, "remote_ip6": words[::-1]}
        return here | same, there | same
    kind, protocol = source.choice([(1, 6), (2, 17), (3, 1)])
    same = {"protocol": protocol, "user_port": port} | ({"user_ip4": words[0]} if four else {"user_ip6": words})
    return {"user_family": 2 if four else 10, "family": 2 if four else 10, "type": kind} | same, {"family": 2 if four else 23} | same


def accesses(hook: str, source: random.Random) -> str:
    """A few fields, read in any way."""
    text, functions = "r6 = r1\nr9 = 1\n", ""
    for number in range(source.randrange(1, 5)):
        size, sign = source.choice([(1, "u"), (2, "u"), (4, "u"), (8, "u"), (1, "s"), (2, "s"), (4, "s")])
        at = source.choice(FIELDS[HOOKS[hook]["type"]])
        at -= source.choice([0, at % size])
        way = source.randrange(4)
        if way == 0:
            text += f"r0 = *({sign}{8 * size} *)(r6 + {at})\n"
        elif way == 1:
            moved = source.randrange(40)
            text += f"r2 = r6\nr2 += {moved}\nr0 = *({sign}{8 * size} *)(r2 {'+' if at >= moved else '-'} {abs(at - moved)})\n"
        elif way == 2:
            text += f"r1 = r6\ncall f{number}\n"
            functions += f"f{number}:\nr0 = *({sign}{8 * size} *)(r1 + {at})\nexit\n"
        else:
            text += f"r2 = r6\nif r9 & 1 goto g{number}\nr2 = r6\nr2 += 0\ng{number}:\n*(u64 *)(r10 - 64) = r2\nr3 = *(u64 *)(r10 - 64)\n"
            text += f"r0 = *({sign}{8 * size} *)(r3 + {at})\n"
        text += MIX
    keep = f"*(u64 *)(r10 - 8) = r9\n*(u32 *)(r10 - 16) = 0\n{address(2, 16)}{address(3, 8)}r4 = 0\nr1 = map[0] ll\ncall 2\n"
    return f"{text}{keep}r0 = 1\nexit\n{functions}"


def compare_contexts(seed: int) -> bool:
    """One program at one hook; False where Linux refuses it, or it does not port."""
    source = random.Random(seed)
    hook = source.choice(sorted(HOOKS))
    text = accesses(hook, source)
    program = xdp(text, MAPS[:1], **HOOKS[hook])
    found = to_windows(program)
    if found.module is None or any(
        each.what == "field" and each.kind == "differs" and each.name != "bpf_sock_addr.type" for each in found.entries
    ):
        return False
    with Pair(program, found) as pair:
        for _ in range(3):
            try:
                here, there = pair.run(None, *contexts_of(hook, source))
            except Trap:
                return False
            assert here.maps == there.maps, (seed, hook, text)
    return True


def test_random_fields() -> None:
    assert sum(map(compare_contexts, range(400))) > 20


@pytest.mark.soak
def test_many_random_fields() -> None:
    assert sum(map(compare_contexts, range(1000, 30000))) > 2000


# ---- records that are held for a while


def holding(source: random.Random) -> str:
    """Two registers for records, which are reserved, written, exchanged and given back in a loop; in the end both are given back."""
    names = (f"h{number}" for number in range(10_000))

    def take(slot: int) -> str:
        end, size = next(names), source.choice([8, 16, 600])
        reserve = f"r1 = map[{NUMBERS['ring']}] ll\nr2 = {size}\nr3 = 0\ncall 131\n"
        return f"if r{slot} != 0 goto {end}\n{reserve}r{slot} = r0\nif r{slot} == 0 goto {end}\n*(u64 *)(r{slot} + 0) = r9\n{end}:\n"

    def give(slot: int) -> str:
        end = next(names)
        return f"if r{slot} == 0 goto {end}\nr1 = r{slot}\nr2 = 0\ncall {source.choice([132, 132, 133])}\nr{slot} = 0\n{end}:\n"

    def write(slot: int) -> str:
        end = next(names)
        return f"if r{slot} == 0 goto {end}\n*(u64 *)(r{slot} + 0) = r9\n{end}:\n"

    def exchange(slot: int) -> str:
        return f"r{slot} ^= 0\nr3 = r7\nr7 = r8\nr8 = r3\n".replace(f"r{slot} ^= 0\n", "")

    text = "r6 = *(u32 *)(r1 + 12)\nr7 = 0\nr8 = 0\nr9 = 0\nagain:\n"
    for _ in range(source.randrange(1, 7)):
        step = source.choice([take, take, give, give, write, exchange])(source.choice([7, 8]))
        skip = next(names)
        text += f"r3 = r6\nr3 ^= r9\nif r3 & {1 << source.randrange(4)} goto {skip}\n{step}{skip}:\n" if source.random() < 0.4 else step
    return f"{text}r9 += 1\nif r9 != 5 goto again\n{give(7)}{give(8)}r0 = 2\nexit\n"


def compare_records(seed: int) -> bool:
    """Whether such a program ports; then its records are those of Linux, in some order."""
    text = holding(random.Random(seed))
    program = xdp(text, MAPS)
    found = to_windows(program)
    if found.module is None:
        return False
    ordered = all("order" not in each.reason for each in found.entries)
    with Pair(program, found) as pair:
        for index in range(9):
            here, there = pair.run(bytes(64), {"ingress_ifindex": index})
            first, second = (list(each.records) if ordered else sorted(map(bytes, each.records)) for each in (here, there))  # type: ignore[arg-type]
            assert first == second, (seed, text)
    return True


def test_random_records() -> None:
    assert sum(map(compare_records, range(150))) > 20


@pytest.mark.soak
def test_many_random_records() -> None:
    assert sum(map(compare_records, range(1000, 12000))) > 1000
