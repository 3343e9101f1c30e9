"""Programs of type `raw`: r1 is memory, r2 its length; an access has to be shown to lie below it."""

from __future__ import annotations

import pytest

import bpfcc

LOOP = """
    r0 = 0
    r3 = 0
again:
    if r3 >= r2 goto out
    r4 = r1
    r4 += r3
    r5 = *(u8 *)(r4 + {offset})
    r0 += r5
    r3 += 1
    if r3 < 64 goto again
out:
    exit
"""


def verdict(text: str) -> bpfcc.Verdict:
    return bpfcc.verify(bpfcc.Program.from_bytes(bpfcc.assemble(text), type="raw"), cache=None)


def behind(test: str, access: str) -> str:
    return f"r0 = 0\nif {test} goto out\n{access}\nout:\nexit"


@pytest.mark.parametrize(
    "text",
    [
        behind("r2 == 0", "r0 = *(u8 *)(r1 + 0)"),
        behind("r2 < 12", "r0 = *(u64 *)(r1 + 4)"),
        behind("r2 <= 3", "r0 = *(u32 *)(r1 + 0)"),
        behind("r2 < 12", "*(u64 *)(r1 + 4) = r0"),
        LOOP.format(offset=0),
    ],
)
def test_below_the_length(text: str) -> None:
    found = verdict(text)
    assert found.accepted, str(found)


@pytest.mark.parametrize(
    "text",
    [
        "r0 = *(u8 *)(r1 + 0)\nexit",
        "r0 = r2\nr0 = *(u8 *)(r1 + 0)\nexit",
        behind("r2 == 0", "r0 = *(u16 *)(r1 + 0)"),
        behind("r2 < 11", "r0 = *(u64 *)(r1 + 4)"),
        behind("r2 < 12", "r0 = *(u8 *)(r1 - 1)"),
        behind("r2 < 12", "r1 += r2\nr0 = *(u8 *)(r1 + 0)"),
        behind("r2 > 12", "r0 = *(u8 *)(r1 + 0)"),
        behind("w2 < 12", "r1 += r2\nr0 = *(u8 *)(r1 + 0)"),
        LOOP.format(offset=1),
        LOOP.format(offset=0).replace("r4 += r3", "r4 += r3\nr4 += -1"),
    ],
)
def test_not_below_the_length(text: str) -> None:
    assert [finding.code for finding in verdict(text).findings] == ["V014"]
