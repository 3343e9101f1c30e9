"""Random programs do the same on every back end and in the kernel; the generator reaches every instruction; findings can be read again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bpfcc.bpfir.isa_table import FORMS
from bpfcc.errors import InputError
from tests.fuzzing.campaign import Plan, Totals, forms_of, run
from tests.fuzzing.case import Input
from tests.fuzzing.code import assemble, parse, without
from tests.fuzzing.engines import KERNEL, REFERENCE, Outcome, differences, names
from tests.fuzzing.finding import case_from_json, case_to_json
from tests.fuzzing.generator import generate
from tests.fuzzing.inputs import inputs
from tests.fuzzing.minimise import judged
from tests.kernel import needs_kernel

ROOT = Path(__file__).parents[2]
# What no program here can have: of the kernel, of a loader, or only recognised. A call through a register is nothing that Linux takes.
BEYOND = {
    "addr_space_cast", "lddw_variable", "lddw_map_idx", "lddw_map_idx_value", "call_kfunc", "callx", "callx_imm", "may_goto", "gotox",
}  # fmt: skip


def test_back_ends_agree() -> None:
    totals = run(Plan(programs=16, inputs=8, seed=7000))
    assert totals.findings == []
    assert totals.acceptance > 0.7
    assert set(totals.runs) == set(names())
    assert totals.pairs > 80


@needs_kernel
def test_the_kernel_takes_most_of_what_is_accepted() -> None:
    totals = run(Plan(programs=30, inputs=4, seed=8000, back_ends=("interp", "kernel")))
    assert totals.findings == []
    assert totals.kernel_pairs > 0.7 * totals.pairs


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_back_ends_agree_at_length(part: int) -> None:
    totals = run(Plan(programs=500, inputs=40, seed=100_000 + 500 * part))
    assert totals.findings == []
    assert totals.pairs > 10_000


def test_every_instruction_is_reached() -> None:
    """By programs that are accepted."""
    seen: set[str] = set()
    for seed in range(800):
        case = generate(random.Random(seed))
        forms = set(forms_of(case))
        if not forms <= seen and all(verdict.accepted for verdict in judged(case)):
            seen |= forms
    assert {form.name for form in FORMS} - seen == BEYOND


def test_the_same_seed_makes_the_same_case() -> None:
    for seed in range(20):
        one, other = random.Random(seed), random.Random(seed)
        case = generate(one)
        assert case == generate(other)
        assert list(inputs(one, case, 5)) == list(inputs(other, case, 5))


def test_code_can_be_taken_apart() -> None:
    for seed in range(40):
        for part in generate(random.Random(seed)).programs:
            assert assemble(parse(part.code)) == part.code


def test_jumps_follow_what_is_cut() -> None:
    # r0 = 1; if r0 == 1 goto out; r0 = 2; r0 = 3; out: exit
    code = bytes.fromhex("b700000001000000 1500020001000000 b700000002000000 b700000003000000 9500000000000000")
    lines = parse(code)
    assert [line.target for line in lines] == [None, 4, None, None, None]
    assert assemble(without(lines, {2})).hex()[16:32] == "1500010001000000"
    assert parse(assemble(without(lines, {2, 3})))[1].target == 2
    assert parse(assemble(without(lines, {0})))[0].target == 3


def test_a_case_can_be_written_down() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        case = generate(rng)
        assert case_from_json(case_to_json(case)) == case
        for given in inputs(rng, case, 3):
            assert Input.from_json(given.to_json()) == given


def test_differences_are_seen() -> None:
    plain = Outcome(1, b"", None, {"m": ((b"k", b"v"),)}, 5, {"mark": 1})
    trapped = Outcome("access", None, None, {}, None)
    assert differences({REFERENCE: plain, "llvm checked": plain, KERNEL: plain._replace(steps=None, context=None)}) == {}
    for other in (
        plain._replace(value=2),
        plain._replace(packet=b"x"),
        plain._replace(steps=6),
        plain._replace(maps={"m": ()}),
        plain._replace(maps={}),
        plain._replace(context={"mark": 2}),
        trapped,
    ):
        assert set(differences({REFERENCE: plain, "llvm checked": other})) == {"llvm checked"}
    assert set(differences({REFERENCE: trapped, "llvm checked": trapped})) == {REFERENCE}


def test_code_that_is_none() -> None:
    with pytest.raises(InputError):
        parse(b"\xff" * 8)


def dying(seed: int, _plan: Plan, _only: Sequence[str]) -> Totals:
    """What a back end does that overwrites memory."""
    if seed == 23:
        os._exit(1)
    return Totals(programs=1, pairs=seed)


def test_a_process_that_dies_is_a_finding() -> None:
    totals = run(Plan(programs=60, inputs=1, jobs=1), one=dying)
    assert totals.findings == ["seed 23: the process died"]
    assert totals.programs == 60
    assert totals.pairs == sum(range(60)) - 23


def test_the_command(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "tools/fuzz.py"),
        "--programs",
        "4",
        "--inputs",
        "3",
        "--seed",
        "5",
        "--quiet",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "--back-ends", "interp"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 programs" in done.stdout
    assert "interp lifted: " in done.stdout
    wrong = subprocess.run([*command, "--back-ends", "nothing"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "no back end 'nothing'" in wrong.stderr
