"""A case on which back ends differ, made smaller: programs, functions, instructions, constants, maps, the packet.

    smaller = minimise(case, given, Probe("llvm proven"))
    smaller.case.insns                  a handful

After each step it must still be accepted, and the same engine must still differ from the reference.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import FORM, form_of
from bpfcc.errors import BpfccError, InputError
from bpfcc.judgement import Rules
from bpfcc.program import tail_callable
from bpfcc.verification import judge_here
from bpfcc.verifier.options import Options
from tests.fuzzing.case import Case, Input, Part
from tests.fuzzing.code import Line, assemble, parse, without
from tests.fuzzing.engines import REFERENCE, Engines, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.verifier.verdict import Verdict

SHORTEST: Final = 14
# What lies in a frame before it is written, and addresses as numbers, are not the same everywhere.
STRICT: Final = Rules(options=Options(deny=frozenset({"uninit-stack", "pointer-leak"})), explain=False)


class Small(NamedTuple):
    """What is left."""

    case: Case
    given: Input


def judged(case: Case) -> list[Verdict]:
    """Verdicts on all programs that are reached. InputError where the code is none."""
    return [judge_here(each, STRICT, cache=None) for each in tail_callable(case.program())]


@final
class Probe:
    """Asks whether a case still shows the difference. `seconds` and `most` limit how long it is asked."""

    def __init__(self, engine: str, *, seconds: float = 120, most: int = 4000) -> None:
        self.only = [REFERENCE, engine] if engine != REFERENCE else [REFERENCE]
        self.until = time.monotonic() + seconds
        self.left = most

    @property
    def spent(self) -> bool:
        """Whether nothing is asked any more."""
        return self.left <= 0 or time.monotonic() > self.until

    def __call__(self, small: Small) -> bool:
        if self.spent:
            return False
        self.left -= 1
        try:
            verdicts = judged(small.case)
            if not all(verdict.accepted for verdict in verdicts):
                return False
            with Engines(small.case, verdicts, self.only) as engines:
                return not engines.refused and bool(differences(engines.outcomes(small.given)))
        except (BpfccError, OSError):
            return False


def minimise(case: Case, given: Input, probe: Probe) -> Small:
    """The smallest that was found; the case itself where it shows no difference."""
    small = Small(case, given)
    if not probe(small):
        return small
    size = -1
    while size != measure(small) and not probe.spent:
        size = measure(small)
        for reduce in (fewer_programs, fewer_lines, simpler_lines, fewer_maps, smaller_packet, smaller_maps, smaller_context):
            small = reduce(small, probe)
    return small


def measure(small: Small) -> int:
    """Something that gets less."""
    entries = sum(len(entries) for entries in small.given.maps.values())
    constants = sum(bool(line.insn.imm) for part in small.case.programs for line in parse(part.code))
    return small.case.insns * 1000 + constants + len(small.given.packet) - small.given.packet.count(0) + entries + len(small.case.maps)


# ---- programs and their lines


def fewer_programs(small: Small, probe: Probe) -> Small:
    """Without those that are tail-called, one by one."""
    for part in small.case.programs[1:]:
        maps = tuple(
            replace(spec, values={at: name for at, name in spec.values.items() if name != part.name}) if spec.values else spec
            for spec in small.case.maps
        )
        programs = tuple(each for each in small.case.programs if each.name != part.name)
        tried = small._replace(case=replace(small.case, programs=programs, maps=maps))
        small = tried if probe(tried) else small
    return small


def with_lines(small: Small, at: int, lines: Sequence[Line]) -> Small | None:
    """The case with other code in one of its programs; None where that is no code."""
    try:
        part = Part(small.case.programs[at].name, assemble(lines))
        parse(part.code)
    except (InputError, KeyError, OverflowError):
        return None
    programs = (*small.case.programs[:at], part, *small.case.programs[at + 1 :])
    return small._replace(case=replace(small.case, programs=programs))


def fewer_lines(small: Small, probe: Probe) -> Small:
    """Without instructions: first many at once, then one by one."""
    for at in range(len(small.case.programs)):
        lines = parse(small.case.programs[at].code)
        chunk = max(len(lines) // 2, 1)
        while True:
            start = 0
            while start < len(lines) and not probe.spent:
                removed = range(start, min(start + chunk, len(lines)))
                fewer = without(lines, removed)
                tried = (
                    with_lines(small, at, fewer)
                    if fewer and all(line.target is None or line.target < len(fewer) for line in fewer)
                    else None
                )
                if tried is not None and probe(tried):
                    small, lines = tried, fewer
                else:
                    start += chunk
            if chunk == 1:
                break
            chunk //= 2
    return small


def simpler(line: Line) -> Iterator[Line]:
    """Lines that say less."""
    insn, form = line.insn, form_of(line.insn)
    if form is None:
        return
    move = FORM["mov64_imm"].opcode
    if form.kind in ("load", "loadsx", "load_acquire") or form.name in ("mov64_reg", "mov32_reg", "lddw"):
        yield Line(Insn(move, insn.dst, imm=0))
        yield Line(Insn(move, insn.dst, imm=1))
    if form.imm == "value" and form.kind not in ("ld_abs", "ld_ind"):
        for imm in (0, 1, -1, insn.imm & -0x100, insn.imm // 2):
            if abs(imm) < abs(insn.imm):
                yield line._replace(insn=insn._replace(imm=imm))
    if form.kind == "branch":
        yield Line(Insn(FORM["ja"].opcode), line.target)
    if form.second_operand == "src" and form.kind in ("alu", "branch", "store") and form.src == "r":
        name = form.name.replace("_reg", "_imm").replace("stx", "st")
        if name in FORM:
            other = FORM[name]
            off = other.off if isinstance(other.off, int) else insn.off
            for imm in (0, 1):
                yield line._replace(insn=Insn(other.opcode, insn.dst, 0, off, imm))


def simpler_lines(small: Small, probe: Probe) -> Small:
    """Each line as plain as it may be."""
    for at in range(len(small.case.programs)):
        lines = parse(small.case.programs[at].code)
        for number in range(len(lines)):
            for line in simpler(lines[number]):
                changed = [*lines[:number], line, *lines[number + 1 :]]
                tried = with_lines(small, at, changed)
                if tried is not None and probe(tried):
                    small, lines = tried, changed
                    break
    return small


def fewer_maps(small: Small, probe: Probe) -> Small:
    """Without maps that no program names."""
    case = small.case
    codes = [parse(part.code) for part in case.programs]
    used = {line.insn.imm for lines in codes for line in lines if names_map(line)}
    if len(used) == len(case.maps):
        return small
    order = sorted(used)
    maps = tuple(case.maps[index] for index in order)
    programs = tuple(
        Part(
            part.name,
            assemble(
                [line._replace(insn=line.insn._replace(imm=order.index(line.insn.imm))) if names_map(line) else line for line in lines]
            ),
        )
        for part, lines in zip(case.programs, codes, strict=True)
    )
    kept = {spec.name for spec in maps}
    entries = {name: entries for name, entries in small.given.maps.items() if name in kept}
    tried = Small(replace(case, programs=programs, maps=maps), replace(small.given, maps=entries))
    return tried if probe(tried) else small


def names_map(line: Line) -> bool:
    """Whether its immediate is the number of a map."""
    return line.insn.opcode == 0x18 and line.insn.src in (1, 2)


# ---- the input


def smaller_packet(small: Small, probe: Probe) -> Small:
    """Shorter, and zero wherever it may be."""
    for length in (SHORTEST, 18, 34, 54, len(small.given.packet) // 2, len(small.given.packet) * 3 // 4):
        if SHORTEST <= length < len(small.given.packet):
            tried = small._replace(given=replace(small.given, packet=small.given.packet[:length]))
            small = tried if probe(tried) else small
    chunk = len(small.given.packet)
    while chunk:
        for start in range(0, len(small.given.packet), chunk):
            packet = small.given.packet
            zeroed = packet[:start] + bytes(len(packet[start : start + chunk])) + packet[start + chunk :]
            tried = small._replace(given=replace(small.given, packet=zeroed))
            small = tried if zeroed != packet and probe(tried) else small
        chunk //= 2
    return small


def smaller_maps(small: Small, probe: Probe) -> Small:
    """With fewer entries, then with plainer ones."""
    for name in list(small.given.maps):
        tried = _with_entries(small, name, {})
        if probe(tried):
            small = tried
            continue
        for key in list(small.given.maps[name]):
            entries = dict(small.given.maps[name])
            value = entries.pop(key)
            for content in (None, bytes(len(value))):
                tried = _with_entries(small, name, entries if content is None else {**entries, key: content})
                if content != value and probe(tried):
                    small = tried
                    break
    return small


def _with_entries(small: Small, name: str, entries: dict[bytes, bytes]) -> Small:
    maps = {other: dict(content) for other, content in small.given.maps.items() if other != name}
    return small._replace(given=replace(small.given, maps={**maps, name: entries} if entries else maps))


def smaller_context(small: Small, probe: Probe) -> Small:
    """Without fields that do not matter."""
    for name in list(small.given.context):
        context = {other: value for other, value in small.given.context.items() if other != name}
        tried = small._replace(given=replace(small.given, context=context))
        small = tried if probe(tried) else small
    return small
