"""Many programs observed on many inputs.

report = watch(bases, runs=6)         report.seen.values, report.wrong
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.errors import InputError
from bpfcc.runtime.maps import MapError
from tests.soundness.observer import Judged, Seen, WrongFact, observe
from tests.soundness.runs import Inputs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.counterexamples.inputs import Given
    from tests.soundness.corpus import Base

# Runs with empty maps, before those with full ones.
EMPTY: Final = 3


@final
@dataclass(slots=True)
class Report:
    """What was compared; `wrong`: (program, what does not hold), `traps`: runs of accepted programs that trapped."""

    programs: int = 0
    runs: int = 0
    seen: Seen = field(default_factory=Seen)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    traps: list[tuple[str, str]] = field(default_factory=list)
    cannot: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        seen = self.seen
        compared = f"{seen.values} values ({seen.vague} of them addresses in regions of unknown place), {seen.orders} order facts"
        said = f"{seen.steps} instructions: {compared}, {seen.written} written bytes"
        return f"{self.programs} programs, {self.runs} runs, {said}; {len(self.wrong)} wrong, {len(self.traps)} traps"


def watch(bases: Iterable[Base], *, runs: int, stop: bool = False) -> Report:
    """Observe each program on `runs` inputs; with `stop`, until something is wrong."""
    report = Report()
    for base in bases:
        judged = Judged(base.program, base.request)
        report.programs += 1
        try:
            _watch(base, judged, runs, report)
        except WrongFact as wrong:
            report.wrong.append((base.name, str(wrong)))
            if stop:
                break
    return report


def _watch(base: Base, judged: Judged, runs: int, report: Report) -> None:
    rng = random.Random(base.name)
    inputs = Inputs(judged.shape, judged.module)
    for number, model in zip(range(runs), inputs.models(rng), strict=False):
        given = judged.shape.given(model)
        if number >= EMPTY:
            _fill(given, judged, inputs, rng)
        try:
            seen = observe(judged, given, number + 1)
        except (MapError, InputError) as error:
            report.cannot[str(error)] += 1
            continue
        report.runs += 1
        report.seen.add(seen)
        if seen.trap is not None:
            report.traps.append((base.name, seen.trap))


def _fill(given: Given, judged: Judged, inputs: Inputs, rng: random.Random) -> None:
    """Maps as another process may have left them."""
    for name, spec in judged.shape.maps.items():
        found = inputs.entries(rng, spec)
        if spec.initial is not None:
            found = dict(list(found.items())[:1])
        if found:
            given.maps[name] = found
