"""Records of ring buffers on Windows: what is built on the stack or in a map is what Linux would have sent, or is told not to port."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import bpfcc
from bpfcc.bpfir.module import MapSpec
from bpfcc.compat.rewrite.records import MAX_SCRATCH_BYTES
from bpfcc.native_images import ImageRequest, emit_image, judged_for_windows
from tests.compat_harness import Pair, entry, ported, why_not, xdp

RING = MapSpec("ring", "ringbuf", 0, 0, 1 << 16)


def record(size: int, *, fill: str = "", after: str = "", give: str = "call 132", flags: int = 0, number: int = 0) -> str:
    """One that is reserved, filled and given back."""
    return f"""
r1 = map[{number}] ll
r2 = {size}
r3 = {flags}
call 131
if r0 == 0 goto none
{fill}
r1 = r0
r2 = 0
{give}
{after}
none:
r0 = 2
exit
"""


def test_flags_of_reservations() -> None:
    with Pair(xdp(record(8, flags=1, after="r0 = 1\nexit"), [RING])) as pair:
        assert [len(each.records) for each in pair.run(bytes(64))] == [0, 0]
        assert pair.run(bytes(64))[1].value == 1


@pytest.mark.parametrize("size", [4081, 4088, 4090])
def test_a_record_that_never_fits(size: int) -> None:
    """Linux keeps a byte free, so not even one that fills the buffer."""
    with Pair(xdp(record(size, after="r0 = 1\nexit"), [MapSpec("r", "ringbuf", 0, 0, 4096)])) as pair:
        assert [each.value for each in pair.run(bytes(64))] == [2, 1]
        assert "never fits" in entry(pair.ported, "bpf_ringbuf_reserve").reason


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ("", "emulated"),
        ("r0 = 1\nexit", "differs"),
        ("r1 = map[1] ll\nr2 = 0\n*(u64 *)(r10 - 8) = r2\nr2 = r10\nr2 += -8\ncall 3\n", "differs"),
    ],
)
def test_whether_a_full_buffer_matters(after: str, kind: str) -> None:
    found = ported(record(8, fill="*(u64 *)(r0 + 0) = 1", after=after), [RING, MapSpec("h", "hash", 4, 8, 4)])
    described = entry(found, "bpf_ringbuf_reserve")
    assert (described.kind, described.depends) == (kind, True if kind == "differs" else None)


def test_a_frame_whose_depth_is_not_known() -> None:
    """What is moved down by a number may lie where the record would."""
    text = "r6 = *(u32 *)(r1 + 12)\nr6 &= 8\n*(u64 *)(r10 - 8) = 1\n"
    down = "r2 = r10\nr2 += -8\nr2 -= r6\n*(u64 *)(r2 - 16) = 5"
    assert "how much of the stack" in why_not(ported(text + record(16, fill=down), [RING]))
    down = "r2 = r10\nr2 += -16\nr2 += r6\n*(u64 *)(r2 + 0) = 5"
    assert ported(text + record(16, fill=down), [RING]).module is not None
    down = "r2 = r10\nr2 += -8\nr6 = r1\nr1 = r2\nr7 = r0\ncall down\nr0 = r7"
    callee = "down:\n*(u64 *)(r1 - 16) = 5\nr0 = 0\nexit"
    assert "how much of the stack" in why_not(ported(text + record(16, fill=down) + callee, [RING]))


LOOP = """
r6 = 0
r7 = 0
again:
r1 = map[0] ll
r2 = 8
r3 = 0
call 131
if r0 == 0 goto none
*(u64 *)(r0 + 0) = r6
{body}
none:
r6 += 1
if r6 < 3 goto again
{end}
r0 = 2
exit
"""
SUBMIT = "r1 = r0\nr2 = 0\ncall 132"


def test_a_record_for_each_round() -> None:
    with Pair(xdp(LOOP.format(body=SUBMIT, end=""), [RING])) as pair:
        here, there = pair.run(bytes(64))
        assert len(here.records) == 3
        assert here.records == there.records


@pytest.mark.parametrize(
    ("body", "end"),
    [
        # The last one is given back when there is a new one.
        (
            "r8 = r0\nif r7 == 0 goto first\nr1 = r7\nr2 = 0\ncall 132\nfirst:\nr7 = r8",
            "if r7 == 0 goto done\nr1 = r7\nr2 = 0\ncall 132\ndone:",
        ),
        ("if r6 & 1 goto none\n" + SUBMIT, ""),
    ],
)
def test_records_held_while_another_is_reserved(body: str, end: str) -> None:
    assert "still held" in why_not(ported(LOOP.format(body=body, end=end), [RING]))


def test_two_reservations_of_which_one_is_given_back() -> None:
    """One way of two to the same submission: in a loop too."""
    other = "r1 = map[0] ll\nr2 = 8\nr3 = 0\ncall 131\nif r0 == 0 goto none\n*(u64 *)(r0 + 0) = 9"
    text = LOOP.replace("r1 = map[0] ll", "if r6 & 1 goto odd\nr1 = map[0] ll", 1).format(
        body="goto give\nodd:\n" + other + "\ngive:\n" + SUBMIT, end=""
    )
    with Pair(xdp(text, [RING])) as pair:
        here, there = pair.run(bytes(64))
        assert here.records == there.records
        assert len(here.records) == 3


def test_two_records_of_which_any_may_be_given_back() -> None:
    body = """r8 = r0
r1 = map[0] ll
r2 = 8
r3 = 0
call 131
if r0 == 0 goto lone
r9 = r0
*(u64 *)(r9 + 0) = 1
r1 = r8
if r6 & 1 goto give
r1 = r9
give:
r2 = 0
call 132
goto none
lone:
r1 = r8
r2 = 0
call 132"""
    assert "still held" in why_not(ported(LOOP.format(body=body, end=""), [RING]))


@pytest.mark.parametrize("size", [512, 600, 4096, MAX_SCRATCH_BYTES])
def test_large_records_lie_in_a_map(size: int) -> None:
    """Zeroed each time, and two at once have bytes of their own. They go out in the order in which they are submitted."""
    second = f"r7 = r0\nr1 = map[0] ll\nr2 = {size}\nr3 = 0\ncall 131\nif r0 == 0 goto lone\n"
    second += f"*(u64 *)(r0 + {size - 8}) = 2\nr1 = r0\nr2 = 0\ncall 132\nlone:\nr0 = r7"
    first = "r9 = *(u32 *)(r6 + 12)\n*(u64 *)(r0 + 0) = 1\nif r9 == 8 goto second\n*(u64 *)(r0 + 16) = r9\nsecond:\n"
    program = xdp("r6 = r1\n" + record(size, fill=first + second), [MapSpec("ring", "ringbuf", 0, 0, 1 << 20)])
    with Pair(program) as pair:
        for index in (7, 8, 9):
            here, there = pair.run(bytes(64), {"ingress_ifindex": index})
            assert len(here.records) == 2
            assert here.records == there.records[::-1]
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted
        described = [each for each in pair.ported.entries if each.name == "bpf_ringbuf_reserve"]
        assert all("a map of each CPU's own" in each.reason for each in described)
        assert [each.kind for each in described] == ["differs", "emulated"]
        assert "order in which they are submitted" in described[0].reason
        assert pair.ported.module is not None
        assert [(each.type, each.value_size) for each in pair.ported.module.maps[1:]] == [("percpu_array", size)] * 2


@pytest.mark.parametrize("between", ["r1 = map[0] ll\nr2 = r10\nr2 += -8\n*(u64 *)(r10 - 8) = 1\nr3 = 8\nr4 = 0\ncall 130", "call other"])
def test_a_record_that_is_overtaken(between: str) -> None:
    callee = "other:\nr1 = map[0] ll\nr2 = r10\nr2 += -8\n*(u64 *)(r10 - 8) = 1\nr3 = 8\nr4 = 0\ncall 130\nr0 = 0\nexit"
    found = ported(record(8, fill=f"r7 = r0\n{between}\nr0 = r7") + callee, [RING])
    assert "order in which they are submitted" in entry(found, "bpf_ringbuf_reserve").reason


@pytest.mark.parametrize("rounds", [60, 400])
def test_more_ways_than_can_be_walked(rounds: int) -> None:
    """Records under two names on half of the ways each: an answer all the same, and soon."""
    text = "r6 = *(u32 *)(r1 + 12)\nr7 = 0\nr8 = 0\nagain:\n"
    for at in range(rounds):
        text += f"r1 = map[0] ll\nr2 = 8\nr3 = 0\ncall 131\nif r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nr{7 + at % 2} = r0\n"
        text += f"if r6 == {at} goto on{at}\nr9 = r7\nr7 = r8\nr8 = r9\non{at}:\n"
        text += f"if r6 == {at + 1000} goto skip{at}\nr1 = r0\nr2 = 0\ncall 132\nskip{at}:\n"
    begun = time.monotonic()
    found = ported(text + "r6 += 1\nif r6 > 2000 goto again\nout:\nr0 = 2\nexit", [RING])
    assert time.monotonic() - begun < 20
    assert found.module is None


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "emulated"),
        ({"type": "cgroup_sock_addr", "attach_type": "cgroup_inet4_connect"}, "differs"),
        ({"type": "sock_ops", "attach_type": "cgroup_sock_ops"}, "differs"),
    ],
    ids=["xdp", "sock_addr", "sock_ops"],
)
def test_a_map_s_record_where_programs_give_way_to_others(options: dict[str, str], kind: str) -> None:
    """On the stack it is the run's own."""
    large = ported(record(600).replace("r0 = 2\nexit", "r0 = 1\nexit"), [RING], **options)
    assert entry(large, "bpf_ringbuf_reserve").kind == kind
    assert ("takes this one's place" in entry(large, "bpf_ringbuf_reserve").reason) == (kind == "differs")
    small = ported(record(8).replace("r0 = 2\nexit", "r0 = 1\nexit"), [RING], **options)
    assert entry(small, "bpf_ringbuf_reserve").kind == "emulated"


def test_records_too_large_for_anything() -> None:
    assert "does not fit" in why_not(ported(record(MAX_SCRATCH_BYTES + 8), [MapSpec("ring", "ringbuf", 0, 0, 1 << 20)]))


def test_a_map_s_name_that_is_taken() -> None:
    found = ported("r1 = map[1] ll\n" + record(600), [RING, MapSpec("record600_0", "array", 4, 4, 1)])
    assert found.module is not None
    assert [each.name for each in found.module.maps] == ["ring", "record600_0", "record600_1"]


BELOW = """
r6 = *(u32 *)(r1 + 12)
r6 &= 8
r6 += 8
*(u64 *)(r10 - 8) = 1
"""
KEPT_ADDRESS = "r1 = r10\nr1 += -8\n*(u64 *)(r10 - 8) = r1\n"


@pytest.mark.parametrize(
    ("given", "callee"),
    [
        ("r1 = r10\nr1 += -8\nr2 = r6\n", "r1 -= r2\n*(u64 *)(r1 + 0) = 5\n"),
        ("r1 = r10\nr1 += -8\nr2 = r6\n", "if r2 == 8 goto one\nr1 += -8\ngoto two\none:\nr1 += -16\ntwo:\n*(u64 *)(r1 + 0) = 5\n"),
        (KEPT_ADDRESS, "r1 = *(u64 *)(r1 + 0)\n*(u64 *)(r1 - 8) = 5\n"),
        ("r1 = r10\nr1 += -8\nr2 = r6\n", "r7 = r2\ncall same\nr0 -= r7\n*(u64 *)(r0 + 0) = 5\n"),
        (KEPT_ADDRESS, "r3 = *(u64 *)(r1 + 0)\nr4 = r1\nr4 += 8\nr1 -= r4\nr3 += r1\n*(u64 *)(r3 + 0) = 5\n"),
    ],
    ids=["by a number", "by one of two numbers", "an address out of memory", "an address that a function returned", "by a distance"],
)
def test_functions_that_go_below_an_address_that_they_get(given: str, callee: str) -> None:
    """The record would lie there."""
    fill = f"*(u64 *)(r0 + 0) = 7\nr7 = r0\n{given}call down\nr0 = r7\n"
    text = BELOW + record(8, fill=fill) + f"down:\n{callee}r0 = 0\nexit\nsame:\nr0 = r1\nexit\n"
    assert "how much of the stack" in why_not(ported(text, [RING]))


def test_addresses_that_go_through_many_functions() -> None:
    """Each returns what the next one does: an answer all the same, and soon."""
    count = 600
    calls = "".join(f"r1 = r10\nr1 += -8\ncall f{at}\n" for at in range(count))
    chain = "".join(f"f{at}:\ncall f{at + 1}\nexit\n" for at in range(count)) + f"f{count}:\nr0 = r1\nexit\n"
    begun = time.monotonic()
    found = ported("*(u64 *)(r10 - 8) = 1\n" + calls + record(8) + chain, [RING])
    assert time.monotonic() - begun < 20
    assert "how much of the stack" in why_not(found)


def test_functions_that_go_up_from_an_address_that_they_get() -> None:
    """Numbers that they get go down as they like."""
    fill = "*(u64 *)(r0 + 0) = 7\nr7 = r0\nr1 = r10\nr1 += -16\nr2 = r6\ncall up\nr0 = r7\n"
    callee = "up:\nr3 = r2\nr3 += -8\nr3 &= 8\nr1 += r3\n*(u64 *)(r1 + 0) = 5\nr0 = 0\nexit\n"
    with Pair(xdp(BELOW + "*(u64 *)(r10 - 16) = 1\n" + record(8, fill=fill) + callee, [RING])) as pair:
        here, there = pair.run(bytes(64))
        assert here.records == there.records == ((7).to_bytes(8, "little"),)


def test_a_map_of_another_program_of_the_object(tmp_path: Path) -> None:
    """It is in the same image, so the record's map has another name."""
    source = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } record600_0 SEC(".maps");
SEC("xdp") int a(struct xdp_md *ctx)
{
	char *e = bpf_ringbuf_reserve(&ring, 600, 0);
	if (e) { e[599] = 1; bpf_ringbuf_submit(e, 0); }
	return 2;
}
SEC("xdp") int b(struct xdp_md *ctx) { __u32 key = 0; return bpf_map_lookup_elem(&record600_0, &key) ? 2 : 1; }
char _license[] SEC("license") = "GPL";
"""
    path = tmp_path / "x.bpf.c"
    path.write_text(source, encoding="utf-8")
    found = judged_for_windows(list(bpfcc.compile(path).programs.values())[::-1])
    native = emit_image(found, ImageRequest("x.bpf.c", "sys", "x86_64"))
    assert sorted((each.name, each.value_size) for each in native.maps) == [("record600_0", 8), ("record600_1", 600), ("ring", 0)]
