"""Maps that helpers get on Windows: one of several, one out of memory, one out of another map; each is treated as what it may be."""

from __future__ import annotations

from pathlib import Path

import pytest

import bpfcc
from bpfcc.bpfir.module import MapSpec
from bpfcc.compat.rewrite import to_windows
from tests.compat_harness import KEEP, SEEN, Pair, entry, ported, xdp

PASS = KEEP.replace("r0 = 1", "r0 = 2")
ONE_OF_TWO = "r6 = *(u32 *)(r1 + 12)\nif r6 == 3 goto other\nr7 = map[1] ll\ngoto on\nother:\nr7 = map[2] ll\non:\n"
FROM_MEMORY = """
r6 = *(u32 *)(r1 + 12)
r6 &= 8
r7 = map[1] ll
*(u64 *)(r10 - 48) = r7
r7 = map[2] ll
*(u64 *)(r10 - 56) = r7
r8 = r10
r8 += -56
r8 += r6
r7 = *(u64 *)(r8 + 0)
"""
UPDATE = """
*(u32 *)(r10 - 20) = 1
*(u64 *)(r10 - 32) = 77
r1 = r7
r2 = r10
r2 += -20
r3 = r10
r3 += -32
r4 = 1
call 2
"""
DELETE = "*(u32 *)(r10 - 20) = 1\nr1 = r7\nr2 = r10\nr2 += -20\ncall 3\n"
POP = "*(u64 *)(r10 - 24) = 5\nr1 = r7\nr2 = r10\nr2 += -24\ncall 88\nr0 = *(u64 *)(r10 - 24)\n"
ANOTHER = "*(u32 *)(r10 - 40) = 0\nr1 = map[1] ll\nr2 = r10\nr2 += -40\ncall 1\nif r0 == 0 goto none\nr7 = r0\n"


def two(kind: str, other: str = "") -> list[MapSpec]:
    """Maps to choose from."""
    key = 0 if kind == "queue" else 4
    return [SEEN, MapSpec("a", kind, key, 8, 4), MapSpec("b", other or kind, key, 8, 4)]


@pytest.mark.parametrize("index", [3, 7])
@pytest.mark.parametrize(
    ("call", "kind"),
    [(UPDATE + UPDATE, "percpu_hash"), (UPDATE + UPDATE, "array"), (UPDATE + UPDATE, "hash"), (DELETE, "array"), (POP, "queue")],
    ids=["each CPU's own", "array", "hash", "delete", "pop"],
)
def test_one_of_two_maps_of_a_type(call: str, kind: str, index: int) -> None:
    with Pair(xdp(ONE_OF_TWO + call + PASS, two(kind))) as pair:
        here, there = pair.run(bytes(64), {"ingress_ifindex": index})
        assert here.maps == there.maps
        assert not any(each.kind == "differs" and each.what == "helper" for each in pair.ported.entries)


@pytest.mark.parametrize(
    ("call", "name", "types"),
    [
        (UPDATE, "bpf_map_update_elem", ("hash", "array")),
        (UPDATE, "bpf_map_update_elem", ("percpu_hash", "array")),
        (UPDATE, "bpf_map_update_elem", ("hash", "lru_percpu_hash")),
        (DELETE, "bpf_map_delete_elem", ("hash", "array")),
    ],
)
def test_one_of_two_types(call: str, name: str, types: tuple[str, str]) -> None:
    found = ported(ONE_OF_TWO + call + "r0 = 2\nexit", two(*types))
    assert "not known here which map" in entry(found, name).reason
    assert entry(found, name).depends


def test_values_of_two_sizes() -> None:
    maps = [SEEN, MapSpec("a", "queue", 0, 4, 4), MapSpec("b", "queue", 0, 8, 4)]
    assert "stays as it was" in entry(ported(ONE_OF_TWO + POP + "r0 = 2\nexit", maps), "bpf_map_pop_elem").reason


@pytest.mark.parametrize(("call", "name"), [(UPDATE, "bpf_map_update_elem"), (DELETE, "bpf_map_delete_elem")])
def test_a_map_out_of_memory_may_be_any(call: str, name: str) -> None:
    found = ported(FROM_MEMORY + call + "r0 = 2\nexit", two("array", "hash"))
    assert "not known here which map" in entry(found, name).reason


@pytest.mark.parametrize(("inner", "kind"), [("array", "emulated"), ("hash", "emulated"), ("percpu_hash", "emulated")])
def test_a_map_out_of_a_map_is_of_its_type(inner: str, kind: str) -> None:
    outer = MapSpec("outer", "array_of_maps", 4, 4, 4, inner=MapSpec("inner", inner, 4, 8, 4))
    found = ported(ANOTHER + UPDATE + "none:\n" + PASS, [SEEN, outer])
    described = [each for each in found.entries if each.name == "bpf_map_update_elem"]
    assert kind in {each.kind for each in described}
    assert "differs" not in {each.kind for each in described}
    assert found.verdict is not None
    assert found.verdict.accepted


def test_sections_of_variables_are_no_maps_that_helpers_get(tmp_path: Path) -> None:
    """A map that a function gets may be any of the others."""
    path = tmp_path / "x.bpf.c"
    path.write_text(
        """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } m SEC(".maps");
__u64 count;
static __attribute__((noinline)) long put(void *map, __u64 value) { __u32 key = 1; return bpf_map_update_elem(map, &key, &value, 1); }
SEC("xdp") int f(struct xdp_md *ctx) { count++; return put(&m, count) == -17 ? 1 : 2; }
char _license[] SEC("license") = "GPL";
""",
        encoding="utf-8",
    )
    found = to_windows(bpfcc.compile(path).programs["f"])
    assert {each.name for each in found.entries if each.what == "map"} == {"m (hash)", ".bss (array)"}
    assert entry(found, "bpf_map_update_elem").kind == "emulated"
