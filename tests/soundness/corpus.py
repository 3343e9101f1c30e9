"""Programs that the verifier accepts, and that run here: safe twins, the example, the programs of the benchmark, generated ones.

for case in assembled_twins(): case.name, case.program, case.request
"""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.errors import BpfccError
from bpfcc.execution import prepare
from bpfcc.gate import needs_kernel
from bpfcc.judgement import Rules, request_for
from bpfcc.pipeline import open_object, read_source
from bpfcc.verifier.judge import judge
from tests.soundness.generated import generated_program
from tests.twin_cases import SAFE, cases, running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.program import Program
    from bpfcc.verifier.options import Request

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = (
    "examples/firewall.bpf.c",
    *(f"bench/programs/{name}.c" for name in ("csum", "divmod", "fnv", "parse", "primes", "siphash", "sort", "sum")),
)


class Base(NamedTuple):
    """A program, and what the verifier is asked with."""

    name: str
    program: Program
    request: Request


def runs_here(program: Program) -> bool:
    """Whether a run means what it means in the kernel: nothing in it is the kernel's."""
    try:
        with prepare(program, checked=True):
            return not needs_kernel(program.ir, program)
    except BpfccError:
        return False


def _usable(base: Base) -> bool:
    return judge(base.program.ir, base.request).status == "accepted" and runs_here(base.program)


@functools.cache
def twins(*, assembled: bool) -> tuple[Base, ...]:
    """Safe twins in assembly, or in C."""
    found = (Base(case.name, case.program(SAFE), case.request(SAFE)) for case in cases() if case.is_c != assembled)
    return tuple(base for base in found if _usable(base))


@functools.cache
def compiled(names: Sequence[str] = SOURCES) -> tuple[Base, ...]:
    """The example and the programs of the benchmark."""
    found = []
    for name in names:
        obj = open_object(read_source(ROOT / name), isolated=False)
        for program in obj.programs.values():
            base = Base(f"{name}:{program.name}", program, request_for(program, Rules("linux"), running_kernel()))
            if _usable(base):
                found.append(base)
    return tuple(found)


def generated(seeds: Sequence[int]) -> Iterator[Base]:
    """Generated programs; those that are not accepted are left out."""
    for seed in seeds:
        program = generated_program(random.Random(seed))
        base = Base(f"generated {seed}", program, request_for(program, Rules("linux"), None))
        if judge(program.ir, base.request).status == "accepted":
            yield base


def everything(generated_seeds: Sequence[int] = range(150)) -> list[Base]:
    """All of them."""
    return [*twins(assembled=True), *twins(assembled=False), *compiled(), *generated(generated_seeds)]
