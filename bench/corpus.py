"""How far bpfcc gets with a tree of BPF C programs: compile, load, lift, print.

    python bench/corpus.py DIR [--flags FILE] [--only GLOB] [--jobs N] [--json FILE] [--verbose]

A unit is a `.c` file with a section attribute (`SEC("…")`), or of a BPF program's name (`.bpf.c`), that includes no
library of applications. FILE says how units are compiled, one rule a line, the glob matched against the path below
DIR, every matching line in effect:

    tools/*.bpf.c: -I{dir}/tools -DTARGET=1      flags for clang; {dir} is DIR
    machine *: -I{dir}/lib/libbpf                only where the machine's headers are used (bench/headers.py)
    own *: -idirafter {dir}/headers              only where bpfcc's are used
    tests/*_user.c: skip                         not a BPF unit after all
    filters/allow_*.c: unit                      a unit although nothing in it shows it
    # comment

Every unit that fails is named with its first error. A unit counts for a stage if all its programs reach it.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.printer import print_module
from bpfcc.errors import BpfccError, CompileError
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.objects import load
from bpfcc.pipeline import lift_bytecode

STAGES: Final = ("compile", "load", "lift", "print")
Headers = Literal["machine", "own"]
SECTION: Final = re.compile(r"\b(?:SEC|__section\w*|__attribute__\s*\(\(\s*section)\s*\(")
NAMED: Final = re.compile(r"[._](?:bpf|kern)\.c$")
APPLICATION: Final = re.compile(r'#\s*include\s*[<"](?:stdio|stdlib|unistd|pthread|sys/\w+|bpf/(?:libbpf|bpf)|xdp/libxdp)\.h[>"]')


@dataclass
class Rule:
    """One line of the flags file."""

    glob: str
    flags: list[str]
    headers: Headers | None = None


@dataclass
class Outcome:
    """How far one unit got; `error` is the first error, None if it reached the end."""

    unit: str
    reached: list[str] = field(default_factory=list)
    programs: int = 0
    instructions: int = 0
    error: str | None = None
    seconds: float = 0.0
    crash: str | None = None


def read_rules(path: Path | None, directory: Path) -> list[Rule]:
    rules: list[Rule] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path else (), 1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        glob, colon, flags = text.partition(":")
        *where, pattern = glob.split() or [""]
        headers = next((kind for kind in get_args(Headers) if where == [kind]), None)
        if not colon or not pattern or (where and headers is None):
            sys.exit(f"{path}:{number}: expected `glob: flags`, `machine glob: flags` or `own glob: flags`")
        rules.append(Rule(pattern, [flag.replace("{dir}", str(directory)) for flag in shlex.split(flags)], headers))
    return rules


def is_unit(path: Path) -> bool:
    """Whether the file looks like a BPF program."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return (SECTION.search(text) or NAMED.search(path.name)) is not None and APPLICATION.search(text) is None


def find_units(directory: Path, rules: list[Rule], headers: Headers = "own") -> dict[str, list[str]]:
    """Path below `directory` -> flags, for every unit that is not skipped."""
    found: dict[str, list[str]] = {}
    for path in sorted(directory.rglob("*.c")):
        name = path.relative_to(directory).as_posix()
        matching = [rule for rule in rules if fnmatch(name, rule.glob) and rule.headers in (None, headers)]
        flags = [flag for rule in matching for flag in rule.flags]
        if path.is_file() and "skip" not in flags and ("unit" in flags or is_unit(path)):
            found[name] = [flag for flag in flags if flag != "unit"]
    return found


def try_unit(directory: Path, unit: tuple[str, list[str]]) -> Outcome:
    name, flags = unit
    outcome = Outcome(name)
    begin = time.perf_counter()
    try:
        run_stages(directory / name, flags, outcome)
    except CompileError as error:
        first = next((d for d in error.diagnostics if d.severity == "error"), None)
        outcome.error = f"compile: {first or error}"
    except BpfccError as error:
        outcome.error = f"{STAGES[len(outcome.reached)]}: {type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001  (a crash is a result of this survey: it is counted and named)
        outcome.error = f"{STAGES[len(outcome.reached)]}: CRASH {type(error).__name__}: {error}"
        outcome.crash = traceback.format_exc(limit=-6)
    outcome.seconds = time.perf_counter() - begin
    return outcome


def run_stages(source: Path, flags: list[str], outcome: Outcome) -> None:
    compiled = compile_c(source, extra=flags)
    outcome.reached.append("compile")
    obj = load(compiled.object)
    codes = [(program, program.bytecode) for program in obj.programs.values()]
    outcome.programs = len(codes)
    outcome.instructions = sum(len(code.code) // 8 for _, code in codes)
    outcome.reached.append("load")
    modules = [lift_bytecode(code, program.type) for program, code in codes]
    outcome.reached.append("lift")
    for module in modules:
        text = print_module(module)
        if print_module(parse_module(text)) != text:
            raise AssertionError("printed IR does not parse back to itself")
    outcome.reached.append("print")


def report(outcomes: list[Outcome], seconds: float) -> None:
    counts = Counter(stage for outcome in outcomes for stage in outcome.reached)
    programs, instructions = sum(o.programs for o in outcomes), sum(o.instructions for o in outcomes)
    print(f"{len(outcomes)} units, {programs} programs, {instructions} instructions, {seconds:.1f} s")
    for stage in STAGES:
        print(f"  {stage:8} {counts[stage]:5} of {len(outcomes)}")
    for outcome in outcomes:
        if outcome.error:
            print(f"{outcome.unit}: {outcome.error}")
            if outcome.crash:
                print(outcome.crash)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--flags", type=Path, help="compile flags, one `glob: flags` a line")
    parser.add_argument("--only", help="only units whose path below DIR matches this glob")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every outcome here")
    parser.add_argument("--verbose", action="store_true", help="name every unit as it ends")
    options = parser.parse_args()
    directory = options.directory.resolve()
    units = find_units(directory, read_rules(options.flags, directory))
    chosen = [(name, flags) for name, flags in units.items() if not options.only or fnmatch(name, options.only)]
    begin = time.perf_counter()
    work = partial(try_unit, directory)
    outcomes: list[Outcome] = []
    if options.jobs > 1:
        with ProcessPoolExecutor(options.jobs) as pool:
            outcomes = list(pool.map(work, chosen))
    else:
        for unit in chosen:
            outcomes.append(work(unit))
            if options.verbose:
                print(f"{outcomes[-1].seconds:6.2f} s  {unit[0]}: {outcomes[-1].error or 'ok'}", flush=True)
    report(outcomes, time.perf_counter() - begin)
    if options.json:
        options.json.write_text(json.dumps([asdict(o) for o in outcomes], indent=1), encoding="utf-8")
    return 0 if all(outcome.error is None for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
