"""DWARF 4 and 5: lines against BTF's, inlined scopes, locations; hostile input ends in InputError."""

from __future__ import annotations

import random
import struct
import tempfile
import time
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from elftools.elf.elffile import ELFFile

from bpfcc.errors import BpfccError, InputError
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.dwarf import DebugInfo, InlinedScope, Variable
from bpfcc.frontend.dwarf_locations import Constant, FrameOffset, OptimisedOut, Register
from bpfcc.frontend.objects import load

SOURCE: Final = """\
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
int counter;
static __always_inline int parse(struct xdp_md *ctx, struct iphdr **out) {
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const int answer = 3;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return -1;
	*out = (void *)(eth + 1);
	if ((void *)(*out + 1) > end)
		return -1;
	return answer;
}
static __noinline int sum(long a, int b) {
	long slots[4];
	char text[20];
	bpf_probe_read(slots, sizeof(slots), (void *)a);
	bpf_probe_read(text, sizeof(text), (void *)a);
	return slots[2] + text[b & 3];
}
SEC("xdp") int filter(struct xdp_md *context) {
	struct iphdr *ip;
	int result = parse(context, &ip);
	if (result < 0)
		return XDP_DROP;
	{
		int inner = ip->ttl;
		counter += inner;
	}
	return sum(ip->id, result);
}
SEC("tc") int classify(struct __sk_buff *skb) { return skb->len > 100; }
"""
DECLARATION_LINE, INLINED_CALL_LINE, CLASSIFY_LINE, SUM_LINE = (
    next(number for number, line in enumerate(SOURCE.splitlines(), 1) if text in line)
    for text in ("iphdr *ip;", "parse(context", "int classify", "int sum")
)


@cache
def built(version: int, endian: str = "little", flags: tuple[str, ...] = ()) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "unit.bpf.c"
        path.write_text(SOURCE, encoding="utf-8")
        return compile_c(path, extra=[f"-gdwarf-{version}", *flags], endian=endian).object  # type: ignore[arg-type]


both = pytest.mark.parametrize("version", [2, 3, 4, 5])
every = pytest.mark.parametrize(("version", "endian"), [(4, "little"), (4, "big"), (5, "little"), (5, "big")])


def variables(info: DebugInfo, section: str, slot: int) -> dict[str, Variable]:
    return {v.name: v for v in info.variables_at(section, slot)}


def slots_of(info: DebugInfo, section: str, name: str) -> list[int]:
    """Slots of a section at which the variable has a value."""
    last = max(info.lines(section))
    return [s for s in range(last + 1) if not isinstance(variables(info, section, s).get(name, nothing()).location, OptimisedOut)]


def nothing() -> Variable:
    return Variable("", "", OptimisedOut(), (), "", is_parameter=False)


@every
def test_lines_are_those_of_btf(version: int, endian: str) -> None:
    data = built(version, endian)
    info = DebugInfo.from_elf(data)
    for program in load(data).programs.values():
        length = program.bytecode.functions[0].length
        ours, theirs = info.lines(program.section), program.bytecode.lines
        assert ours
        for slot in range(length):
            here, there = (table[max(first for first in table if first <= slot)] for table in (ours, theirs))
            assert (here.file, here.line, here.column) == (there.file, there.line, there.column), slot


@both
def test_sections_do_not_mix(version: int) -> None:
    info = DebugInfo.from_elf(built(version))
    assert {p.line for p in info.lines("tc").values()} == {CLASSIFY_LINE}
    assert min(p.line for p in info.lines(".text").values()) >= SUM_LINE
    assert info.lines("no such section") == {}
    assert info.lines("license") == {}
    assert list(info.lines("xdp")) == sorted(info.lines("xdp"))


@both
def test_inlined_scopes(version: int) -> None:
    info = DebugInfo.from_elf(built(version))
    inlined = [s for s in range(max(info.lines("xdp")) + 1) if len(info.scopes_at("xdp", s)) == 2]
    assert inlined
    outer, inner = info.scopes_at("xdp", inlined[0])
    assert outer == InlinedScope("filter")
    assert inner.function == "parse"
    assert inner.call is not None
    assert inner.call.line == INLINED_CALL_LINE
    assert Path(inner.call.file).name == "unit.bpf.c"
    assert info.scopes_at(".text", 0) == [InlinedScope("sum")]
    assert info.scopes_at("tc", 0) == [InlinedScope("classify")]
    assert info.scopes_at("tc", 10_000) == []
    assert info.scopes_at("nowhere", 0) == []


@every
def test_variables_and_where_they_are(version: int, endian: str) -> None:
    info = DebugInfo.from_elf(built(version, endian))
    at_entry = variables(info, "xdp", 0)
    context = at_entry["context"]
    assert (context.location, context.type_name, context.is_parameter, context.function) == (Register(1), "struct xdp_md *", True, "filter")
    assert context.ranges[0][0] == 0
    assert isinstance(at_entry["ip"].location, OptimisedOut)
    assert at_entry["ip"].declared is not None
    assert at_entry["ip"].declared.line == DECLARATION_LINE
    slot = slots_of(info, "xdp", "answer")[0]
    answer = variables(info, "xdp", slot)["answer"]
    assert (answer.location, answer.type_name, answer.function) == (Constant(3), "const int", "parse")
    assert isinstance(variables(info, "xdp", slots_of(info, "xdp", "eth")[0])["eth"].location, Register)
    assert variables(info, "tc", 0)["skb"].location == Register(1)
    assert info.variables_at("tc", 10_000) == []


@every
def test_ranges_say_how_long_a_location_holds(version: int, endian: str) -> None:
    info = DebugInfo.from_elf(built(version, endian))
    for slot in range(max(info.lines("xdp")) + 1):
        for variable in info.variables_at("xdp", slot):
            if not isinstance(variable.location, OptimisedOut):
                assert any(first <= slot < end for first, end in variable.ranges), (slot, variable)


@every
def test_frame_variables_count_from_r10(version: int, endian: str) -> None:
    info = DebugInfo.from_elf(built(version, endian))
    slots, text = (variables(info, ".text", 6)[name] for name in ("slots", "text"))
    assert (slots.type_name, text.type_name) == ("long[4]", "char[20]")
    # The addresses that the two calls get are those of the arrays.
    passed = frame_addresses(built(version, endian), endian)
    assert {slots.location, text.location} == {FrameOffset(offset) for offset in passed}
    assert (slots.location, text.location) == (FrameOffset(-32), FrameOffset(-52))


def frame_addresses(data: bytes, endian: str) -> list[int]:
    """Offsets that `sum` adds to copies of r10."""
    section = ELFFile(BytesIO(data)).get_section_by_name(".text")
    assert section is not None
    order = "<BBhi" if endian == "little" else ">BBhi"
    found = []
    for opcode, _, _, imm in struct.iter_unpack(order, section.data()):
        if opcode == 0x07 and imm < 0:
            found.append(imm)
    return found


def test_without_debug_information_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "n.c"
    path.write_text('__attribute__((section("xdp"))) int f(void *c) { return 0; }\n')
    info = DebugInfo.from_elf(compile_c(path, debug=False).object)
    assert not info.present
    assert info.lines("xdp") == {}
    assert info.scopes_at("xdp", 0) == []
    assert info.variables_at("xdp", 0) == []


def test_not_an_object() -> None:
    with pytest.raises(InputError):
        DebugInfo.from_elf(b"not ELF")


def test_nothing_is_read_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    from bpfcc.frontend.elf import ElfFile

    original = ElfFile.contents
    monkeypatch.setattr(ElfFile, "contents", lambda self, section: (read.append(section.name), original(self, section))[1])
    info = DebugInfo.from_elf(built(5))
    assert not [name for name in read if name.startswith(".debug")]
    info.lines("xdp")
    assert ".debug_loclists" not in read


# --- hostile ---------------------------------------------------------------------------------------------------------


def ask_everything(data: bytes) -> None:
    """Ask all there is to ask; only InputError may come out."""
    try:
        info = DebugInfo.from_elf(data)
        for section in ("xdp", "tc", ".text"):
            info.lines(section)
            for slot in (0, 3, 6, 12):
                info.scopes_at(section, slot)
                info.variables_at(section, slot)
    except BpfccError as error:
        assert isinstance(error, InputError), error


def debug_ranges(data: bytes) -> list[tuple[int, int]]:
    return [(s["sh_offset"], s["sh_size"]) for s in ELFFile(BytesIO(data)).iter_sections() if ".debug" in s.name and s["sh_size"]]


def mutated(data: bytes, ranges: list[tuple[int, int]], source: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 8))):
        offset, size = source.choice(ranges)
        at = offset + source.randrange(size)
        changed[at] = source.choice((0, 1, 0x7F, 0x80, 0xFF, changed[at] ^ 1 << source.randrange(8), source.randrange(256)))
    return bytes(changed)


def mutate_many(seed: int, count: int) -> None:
    source = random.Random(seed)
    originals = [(data, debug_ranges(data)) for data in (built(4), built(5), built(5, "big"), built(3))]
    for _ in range(count):
        ask_everything(mutated(*source.choice(originals), source))


def test_mutated_debug_information() -> None:
    begin = time.monotonic()
    mutate_many(1, 400)
    assert time.monotonic() - begin < 60


@pytest.mark.soak
def test_mutated_debug_information_for_long() -> None:
    for seed in range(50):
        mutate_many(seed, 400)


@pytest.mark.parametrize("version", [4, 5])
def test_debug_information_that_is_cut_off(version: int) -> None:
    data = built(version)
    for length in range(0, len(data), 97):
        ask_everything(data[:length])


def with_section(data: bytes, name: str, contents: bytes) -> bytes:
    """The object with a debug section's contents overwritten from its start (never longer than it was)."""
    section = ELFFile(BytesIO(data)).get_section_by_name(name)
    assert section is not None
    offset = section["sh_offset"]
    assert len(contents) <= section["sh_size"]
    return data[:offset] + contents + data[offset + len(contents) :]


def test_entries_without_bytes_run_out_of_budget() -> None:
    # A line table of 2**60 files none of which takes a byte.
    header = struct.pack("<IHBBI", 60, 5, 8, 0, 40) + bytes([1, 1, 1, 0xFB, 14, 13]) + bytes(12)
    endless = header + bytes([0]) + b"\xff\xff\xff\xff\xff\xff\xff\xff\x0f"
    with pytest.raises(InputError, match="files"):
        DebugInfo.from_elf(with_section(built(5), ".debug_line", endless)).lines("xdp")


def test_the_budget_is_for_reading_not_for_asking() -> None:
    info = DebugInfo.from_elf(built(5))
    first = info.variables_at("xdp", 6)
    left = info._sections.budget.left
    assert all(info.variables_at("xdp", 6) == first for _ in range(50))
    assert info._sections.budget.left == left


def test_attributes_without_bytes_run_out_of_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.frontend.dwarf_reader.FREE_STEPS", 0)
    monkeypatch.setattr("bpfcc.frontend.dwarf_reader.STEPS_PER_BYTE", 0)
    with pytest.raises(InputError, match="more work"):
        DebugInfo.from_elf(built(5)).scopes_at("xdp", 0)


@pytest.mark.parametrize(
    ("name", "contents", "said"),
    [
        (".debug_info", struct.pack("<IH", 100, 9), "version 9"),
        (".debug_info", struct.pack("<IH", 0xFFFFFFF0, 5), "reserved unit length"),
        (".debug_info", struct.pack("<IH", 0x7FFFFFFF, 5), "longer than its section"),
        (".debug_info", struct.pack("<IHBB", 100, 5, 1, 3), "addresses of 3 bytes"),
        (".debug_abbrev", b"\xff" * 40, "without an end"),
        (".debug_line", struct.pack("<IH", 100, 7), "version 7"),
    ],
)
def test_each_guard_refuses(name: str, contents: bytes, said: str) -> None:
    info = DebugInfo.from_elf(with_section(built(5), name, contents))
    with pytest.raises(InputError, match=said) as caught:
        info.lines("xdp")
        info.scopes_at("xdp", 0)
    assert caught.value.section == name
