"""Verdicts on random programs near the border, and on the project's own: bpfcc and the running kernel, side by side.

What Linux refuses and bpfcc accepts has one of the reasons in tests/kernel_reasons.py; and where Linux takes an access for one that may go
wrong, runs on inputs at the boundaries do not trap.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bpfcc.bpfir.decode import decode
from bpfcc.errors import Trap
from bpfcc.execution import prepare
from bpfcc.judgement import Rules, ask, load_engine, request_for
from bpfcc.program import Program
from bpfcc.runtime.specs import load_platform
from bpfcc.smt import local_solver
from tests import libbpf
from tests.kernel import XDP, Refused, map_create, needs_kernel, prog_load
from tests.kernel_reasons import NEVER_RUNS, REASONS, reason_for, stopped_at
from tests.property.border import MAPS, Made, border_program
from tests.property.programs import insn
from tests.twin_cases import running_kernel
from tests.twin_kernel import load_programs

if TYPE_CHECKING:
    from bpfcc.verifier.judge import Judgement

SLICE = 80
SOAK = 3000
RUNS = 25
RUN_STEPS = 200_000
# Asking the solver takes most of the time, and nearly all programs are decided without.
ASK_EVERY = 10
ROOT = Path(__file__).parents[2]
OWN = sorted([*ROOT.glob("examples/*.bpf.c"), *ROOT.glob("bench/programs/*.c")])
LENGTHS = (14, 15, 16, 18, 22, 28, 30, 32, 46, 64, 100, 300)
NUMBERS = (0, 1, 2, 7, 8, 15, 16, 31, 40, 47, 48, 63, 64, 255, 256, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF8, 0xFFFF_FFFF)
FALSE_ALARMS = 0.02


@dataclass
class Comparison:
    """What came of it: `reasons` why Linux refuses what bpfcc accepts, `unexplained` and `unsafe` are seeds, `alarms` bpfcc's alone."""

    both_accept: int = 0
    both_reject: int = 0
    alarms: list[int] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    unexplained: list[int] = field(default_factory=list)
    unsafe: list[int] = field(default_factory=list)


@contextmanager
def kernel_maps() -> Iterator[list[int]]:
    numbers = load_platform("linux").map_types
    fds = [map_create(numbers[spec.type].number, spec.key_size, spec.value_size, spec.max_entries) for spec in MAPS]
    try:
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


def kernel_says(code: bytes, fds: list[int]) -> str | None:
    """None where Linux takes it, else its log."""
    own = bytearray(code)
    for slot, found in enumerate(decode(code)):
        if found is not None and found.opcode == 0x18 and found.src == 1:
            own[8 * slot + 4 : 8 * slot + 8] = fds[found.imm].to_bytes(4, "little")
    loaded = prog_load(XDP, bytes(own))
    if isinstance(loaded, Refused):
        return loaded.log
    os.close(loaded)
    return None


def judged(made: Made, *, smt: bool) -> tuple[Program, Judgement]:
    program = Program.from_bytes(made.code, type="xdp", maps=MAPS)
    found: Any = ask(load_engine(), program.ir, request_for(program, Rules(), None), local_solver() if smt else None)
    return program, found


def traps(program: Program, rng: random.Random) -> bool:
    """Whether one of a few runs does."""
    with prepare(program, checked=True) as exe:
        for _ in range(RUNS):
            packet = bytes(rng.choice((0, 1, 8, 15, 31, 0x80, 0xFF, rng.randrange(256))) for _ in range(rng.choice(LENGTHS)))
            context = {"ingress_ifindex": rng.choice(NUMBERS), "rx_queue_index": rng.choice(NUMBERS)}
            try:
                exe.run(packet=packet, context=context, steps=RUN_STEPS)
            except Trap as trap:
                if "budget" in str(trap):
                    continue  # longer than anybody waits; that it ends is for the tests of termination
                return True
    return False


def compare(seeds: Iterable[int]) -> Comparison:
    result = Comparison()
    with kernel_maps() as fds:
        for seed in seeds:
            made = border_program(random.Random(seed))
            said = kernel_says(made.code, fds)
            program, judgement = judged(made, smt=seed % ASK_EVERY == 0)
            accepted = judgement.status == "accepted"
            if said is None and accepted:
                result.both_accept += 1
            elif said is None:
                result.alarms.append(seed)
            elif not accepted:
                result.both_reject += 1
            else:
                _explain(result, seed, said, program, judgement)
    return result


def proven_unreached(made: Made, at: int | None) -> bool:
    """Whether bpfcc has proven that nothing comes to an instruction: with a write outside of the frame in its place, it still accepts."""
    if at is None:
        return False
    code = made.code[: 8 * at] + insn(0x7A, 10, 0, 8, 0) + made.code[8 * at + 8 :]
    return judged(Made(code, made.mistakes + 1), smt=True)[1].status == "accepted"


def _explain(result: Comparison, seed: int, said: str, program: Program, judgement: Judgement) -> None:
    reason = reason_for(said, judgement)
    if reason is None and proven_unreached(border_program(random.Random(seed)), stopped_at(said)):
        reason = NEVER_RUNS
    if reason is None:
        result.unexplained.append(seed)
    else:
        result.reasons[reason.key] += 1
    if (reason is None or reason.access) and traps(program, random.Random(seed)):
        result.unsafe.append(seed)


def check(result: Comparison, programs: int) -> None:
    assert result.unsafe == []
    # Once in a thousand it is a matter of the path, of which the instruction alone says nothing.
    assert len(result.unexplained) <= programs // 1000, result.unexplained
    assert len(result.alarms) <= max(1, FALSE_ALARMS * result.both_accept), result.alarms
    assert min(result.both_accept, result.both_reject) > programs // 5, "too few programs of one kind for this to say anything"


@needs_kernel
def test_differences_from_linux_have_reasons() -> None:
    check(compare(range(SLICE)), SLICE)


@needs_kernel
@pytest.mark.soak
def test_differences_from_linux_have_reasons_soak() -> None:
    result = compare(range(SLICE, SOAK))
    print(result)  # noqa: T201 - the figures are in docs/verifier-and-linux.md
    check(result, SOAK)


@needs_kernel
def test_a_program_that_linux_refuses_rightly_has_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that accepts everything is found out: by a run that traps, or for want of a reason."""

    sighted = judged

    def blind(made: Made, *, smt: bool) -> tuple[Program, Any]:
        program, judgement = sighted(made, smt=smt)
        judgement.status = "accepted"
        return program, judgement

    monkeypatch.setattr("tests.property.test_border.judged", blind)
    monkeypatch.setattr("tests.property.test_border.proven_unreached", lambda _made, _at: False)
    result = compare(range(SLICE // 2))
    assert result.unsafe
    assert result.unexplained


@needs_kernel
@pytest.mark.skipif(libbpf.library() is None, reason="loading objects needs root and libbpf.so.1")
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_linux_takes_what_the_project_shows(path: Path) -> None:
    from bpfcc.api import compile as compile_source

    made = compile_source(path)
    said = load_programs(made.data)
    for name, program in made.programs.items():
        found = ask(load_engine(), program.ir, request_for(program, Rules(), running_kernel()), local_solver())
        assert (found.status, said[name]) == ("accepted", None)


def test_each_reason_says_what_it_is_of() -> None:
    assert len({reason.pattern for reason in REASONS}) == len(REASONS)
    assert not NEVER_RUNS.access
