"""The mapping of return values: constants, values out of packets, maps and arithmetic, on every value that there is."""

from __future__ import annotations

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.compat.rewrite.table import correspondence
from tests.compat_harness import Pair, entry, ported, xdp

# By hand, not from the table: Linux's number -> Windows'.
XDP = {0: 2, 1: 2, 2: 1, 3: 3, 4: 2}
BYTE = """
r2 = *(u32 *)(r1 + 0)
r3 = *(u32 *)(r1 + 4)
r4 = r2
r4 += 1
r0 = 2
if r4 > r3 goto out
r0 = *(u8 *)(r2 + 0)
out:
exit
"""


def test_every_value_of_a_byte() -> None:
    with Pair(xdp(BYTE)) as pair:
        for value in range(256):
            here, there = pair.run(bytes([value]) + bytes(20))
            assert (here.value, there.value) == (value, XDP.get(value, 2))
        assert [each.value for each in pair.run(b"")] == [2, 1]


@pytest.mark.parametrize("value", [0, 1, 2, 3, 5, -1, -0x7FFF_FFFE])
def test_constants(value: int) -> None:
    with Pair(xdp(f"r0 = {value}\nexit")) as pair:
        here, there = pair.run(bytes(64))
        assert there.value == XDP.get(here.value, 2)


def test_only_the_low_half_counts() -> None:
    text = BYTE.replace("r0 = *(u8 *)(r2 + 0)", "r0 = *(u8 *)(r2 + 0)\nr5 = 1\nr5 <<= 32\nr0 |= r5")
    with Pair(xdp(text)) as pair:
        assert [pair.run(bytes([value]) + bytes(20))[1].value for value in range(4)] == [2, 2, 1, 3]


def test_arithmetic() -> None:
    text = BYTE.replace("r0 = *(u8 *)(r2 + 0)", "r0 = *(u8 *)(r2 + 0)\nr0 &= 1\nr0 += 1")
    found = ported(text)
    assert entry(found, "a computed value").kind == "emulated"
    with Pair(xdp(text), found) as pair:
        assert [pair.run(bytes([value]))[1].value for value in (0, 1)] == [2, 1]


def test_a_value_out_of_a_map() -> None:
    text = """
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call 1
    r1 = r0
    r0 = 0
    if r1 == 0 goto out
    r0 = *(u32 *)(r1 + 0)
    out:
    exit
    """
    with Pair(xdp(text, [MapSpec("verdicts", "array", 4, 4, 1)])) as pair:
        for value in (0, 1, 2, 3, 4, 5, 0xFFFF_FFFE):
            for side in (pair.linux, pair.windows):
                side.maps["verdicts"].write_bytes(bytes(4), value.to_bytes(4, "little"))  # type: ignore[attr-defined]
            here, there = pair.run(bytes(64))
            assert (here.value, there.value) == (value, XDP.get(value, 2))


def test_a_choice_of_constants_is_told_one_by_one() -> None:
    text = BYTE.replace("r0 = *(u8 *)(r2 + 0)", "r4 = *(u8 *)(r2 + 0)\nr0 = 1\nif r4 == 7 goto out\nr0 = 3")
    found = ported(text)
    assert [each.name for each in found.entries if each.what == "return"] == ["XDP_DROP", "XDP_PASS", "XDP_TX"]
    with Pair(xdp(text), found) as pair:
        assert [pair.run(bytes([value]))[1].value for value in (7, 8)] == [2, 3]


def test_redirect_is_absent_and_aborted_differs_without_harm() -> None:
    found = ported("r0 = 4\nexit")
    assert (entry(found, "XDP_REDIRECT").kind, found.module) == ("absent", None)
    described = entry(ported("r0 = 0\nexit"), "XDP_ABORTED")
    assert (described.kind, described.windows, described.depends) == ("differs", "XDP_DROP", False)


def test_functions_return_what_they_return() -> None:
    text = "call helper\nif r0 == 2 goto yes\nr0 = 1\nexit\nyes:\nr0 = 3\nexit\nhelper:\nr0 = 2\nexit"
    with Pair(xdp(text)) as pair:
        assert [each.value for each in pair.run(bytes(64))] == [3, 3]


@pytest.mark.parametrize(
    ("kind", "attach_type", "expected"),
    [
        ("cgroup_sock_addr", "cgroup_inet4_connect", {0: 0, 1: 1}), ("cgroup_sock_addr", "cgroup_inet4_bind", {0: 0, 1: 1, 2: 0, 3: 1}),
        ("sock_ops", "cgroup_sock_ops", {0: 0, 1: 0}),
    ],
)  # fmt: skip
def test_connections(kind: str, attach_type: str, expected: dict[int, int]) -> None:
    field = {"cgroup_sock_addr": ("protocol", 36), "sock_ops": ("remote_ip4", 24)}[kind]
    with Pair(xdp(f"r0 = *(u32 *)(r1 + {field[1]})\nexit", type=kind, attach_type=attach_type)) as pair:
        for value, there in expected.items():
            assert [each.value for each in pair.run(None, {field[0]: value})] == [value, there]
        # What Linux never lets through: rejected, permitted.
        assert pair.windows.run(None, {field[0]: 77}).value == 0


@pytest.mark.parametrize("kind", ["xdp", "cgroup_sock_addr", "sock_ops"])
def test_the_mapping_is_total(kind: str) -> None:
    row = correspondence().returns(kind)
    assert set(row) >= {"width", "cases", "otherwise"}
    assert len({case["linux"] for case in row["cases"]}) == len(row["cases"])
