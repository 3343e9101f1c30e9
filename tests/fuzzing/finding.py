"""A difference as files: `NAME.bir` with the IR, what is expected and who differed, `NAME.json` with the bytecode and the input.

    write(folder, "seed-7", finding)
    replay(text, folder / "seed-7.json")        what the reference gives, or how engines differ now

The .bir file is a golden test (see tests/conftest.py): its bytecode and its IR run on every back end, and the outcome is what it says.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from bpfcc.backends.base import BACKENDS
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.disassembler import assembly_text, disassemble
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.passes import optimise
from bpfcc.bpfir.printer import print_module, record
from bpfcc.bpfir.text import HEADER
from bpfcc.execution import Executable, needed_maps
from bpfcc.pipeline import effects
from bpfcc.program import tail_callable
from tests.fuzzing.case import Case, Input, Part
from tests.fuzzing.engines import OPTIONS, REFERENCE, STEPS, Engines, Native, Outcome, differences, shown
from tests.fuzzing.minimise import judged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bpfcc.bpfir.function import Module
    from bpfcc.verifier.verdict import Verdict


class Finding(NamedTuple):
    """What differs on which input. `seed` and `number` say how it was made, `insns` how long it was."""

    case: Case
    given: Input
    differences: Mapping[str, str]
    seed: int
    number: int
    insns: int


# ---- to files


def case_to_json(case: Case) -> dict[str, Any]:
    """Programs as assembly where that says all, else in hexadecimal."""
    programs = {}
    for part in case.programs:
        text = assembly_text(disassemble(part.code))
        programs[part.name] = text.splitlines() if assemble(text) == part.code else part.code.hex()
    return {"type": case.kind, "programs": programs, "maps": [record(spec) for spec in case.maps]}


def case_from_json(content: Mapping[str, Any]) -> Case:
    """The inverse."""
    programs = tuple(
        Part(name, bytes.fromhex(code) if isinstance(code, str) else assemble("\n".join(code)))
        for name, code in content["programs"].items()
    )
    return Case(content["type"], programs, tuple(_map_spec(fields) for fields in content["maps"]))


def _map_spec(fields: Mapping[str, Any]) -> MapSpec:
    known = dict(fields)
    if "initial" in known:
        known["initial"] = bytes.fromhex(known["initial"])
    if "values" in known:
        known["values"] = {int(at): name for at, name in known["values"].items()}
    return MapSpec(**known)


def described(outcome: Outcome) -> str:
    """An outcome as lines of text."""
    value = outcome.value if isinstance(outcome.value, str) else f"{outcome.value:#x}"
    lines = [f"value {value}", f"packet {shown(outcome.packet)}"]
    lines += [f"map {name} {shown(entries)}" for name, entries in outcome.maps.items() if not name.startswith(".rodata")]
    return "".join(f"{line}\n" for line in lines)


def write(folder: Path, name: str, finding: Finding) -> Path:
    """Both files; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    content = case_to_json(finding.case) | {"input": finding.given.to_json()}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    with Engines(finding.case, judged(finding.case), [REFERENCE]) as engines:
        expected = described(engines.outcomes(finding.given)[REFERENCE])
    modules = [lift(each.bytecode, type=finding.case.kind, effects=effects()) for each in tail_callable(finding.case.program())]
    head = [
        f"; test: replay {name}.json",
        f"; seed {finding.seed}, input {finding.number}; {finding.insns} instructions before it was minimised",
    ]
    head += [f"; {engine}: {text}" for engine, text in finding.differences.items()]
    tail = ["; --- expected", *(f"; {line}" for line in expected.splitlines())]
    path = folder / f"{name}.bir"
    path.write_text("\n".join([*head, *("".join(map(print_module, modules)).splitlines()), *tail]) + "\n", encoding="utf-8")
    return path


# ---- from files


def modules_of(text: str) -> list[Module]:
    """The modules of a .bir file, one for each program."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith(";"))
    return [parse_module(part) for part in re.split(rf"^(?={re.escape(HEADER)}$)", body, flags=re.MULTILINE) if part.strip()]


def _ir_outcomes(case: Case, verdicts: list[Verdict], text: str, given: Input) -> dict[str, Outcome]:
    """The text's modules, with every pass, on each back end."""
    chain = list(tail_callable(case.program()))
    modules = modules_of(text)
    for module in modules:
        optimise(module, effects())
    found = {}
    for name in BACKENDS:
        for checked in (True, False):
            if name == "kernel" or (not checked and any(verdict.stats.max_path_insns is None for verdict in verdicts)):
                continue
            with ExitStack() as stack:
                exe = stack.enter_context(
                    Executable(
                        modules, [each.name for each in chain], needed_maps(chain), program_type=case.kind, backend=name, options=OPTIONS,
                        bound=None if checked else STEPS, zeroed=None if checked else [verdict.zeroed for verdict in verdicts],
                    )
                )  # fmt: skip
                found[f"{name} {'checked' if checked else 'proven'}, from text"] = Native(exe, case).outcome(given)
    return found


def replay(text: str, path: Path) -> str:
    """What a finding gives now: the outcome that all agree on, or what differs."""
    content = json.loads(path.read_text(encoding="utf-8"))
    case, given = case_from_json(content), Input.from_json(content["input"])
    verdicts = judged(case)
    refused = [verdict for verdict in verdicts if not verdict.accepted]
    if refused:
        return f"{refused[0].name} is {refused[0].status}\n"
    with Engines(case, verdicts) as engines:
        outcomes = engines.outcomes(given) | _ir_outcomes(case, verdicts, text, given)
    found = differences(outcomes)
    return "".join(f"{name}: {words}\n" for name, words in found.items()) or described(outcomes[REFERENCE])
