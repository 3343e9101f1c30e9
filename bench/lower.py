"""How much of a corpus the compiling back ends lower: every accepted program, by LLVM and as C, and what C compilers say of it.

    python bench/lower.py DIRECTORY [--back-ends llvm,aot] [--cc gcc,bundled] [--jobs 2] [--types FILE] [--list]

Programs that the verifier does not accept are counted and left out, as are those whose helpers, maps or kernel functions the runtime has
not got (named with --list). FILE has a line for each type that its section does not tell: "OBJECT SECTION:FUNCTION=TYPE".
The C has to compile with -std=c99 -Wall -Wextra -Wconversion without a warning.
"""

# ruff: noqa: E402 - the checkout goes on the path first
from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import bpfcc
from bpfcc.backends.aot.build import Build, Target
from bpfcc.emission import emit_programs
from bpfcc.errors import BpfccError, UnsupportedError
from bpfcc.execution import prepare
from bpfcc.runtime.maps import MapError


class Outcome(NamedTuple):
    """What became of one program with one back end: `lowered`, `not accepted`, `unsupported`, or `failed`."""

    program: str
    back_end: str
    kind: str
    why: str = ""


def lower(path: Path, types: dict[str, str], back_ends: tuple[str, ...], compilers: tuple[str, ...]) -> list[Outcome]:
    """Every program of an object."""
    try:
        obj = bpfcc.load(path, types=types)
        programs = list(obj.programs.values())
    except BpfccError as error:
        return [Outcome(str(path), "", "unreadable", str(error))]
    found = []
    for program in programs:
        name = f"{path}:{program.section}:{program.name}"
        try:
            verdict = bpfcc.verify(program)
        except BpfccError as error:
            found.append(Outcome(name, "", "not accepted", str(error)))
            continue
        if not verdict.accepted:
            found.append(Outcome(name, "", "not accepted"))
            continue
        found += [one(program, verdict, name, back_end, compilers) for back_end in back_ends]
    return found


def one(program: bpfcc.Program, verdict: bpfcc.Verdict, name: str, back_end: str, compilers: tuple[str, ...]) -> Outcome:
    """One program with one back end."""
    try:
        if back_end == "aot":
            text = emit_programs([program], [verdict.record], own_runtime=True, made_from=name).text
            for compiler in compilers:
                Build(Target.host(), None if compiler == "bundled" else compiler, warnings=True).shared(text)
        else:
            prepare(program, backend=back_end, verdict=verdict).close()
    except UnsupportedError as error:
        return Outcome(name, back_end, "unsupported", error.feature)
    except MapError as error:
        # Maps without entries, which tools size when they load them.
        return Outcome(name, back_end, "unsupported", str(error))
    except BpfccError as error:
        return Outcome(name, back_end, "failed", f"{type(error).__name__}: {error}")
    return Outcome(name, back_end, "lowered")


def read_types(path: Path) -> dict[str, dict[str, str]]:
    """Types by object and place."""
    found: dict[str, dict[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, given = line.partition(" ")
        place, _, kind = given.rpartition("=")
        found.setdefault(name, {})[place] = kind
    return found


def main() -> None:
    """Print the counts, and what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--back-ends", default="llvm,aot")
    parser.add_argument("--cc", default="bundled")
    parser.add_argument("--types", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="name what is unsupported, too")
    arguments = parser.parse_args()
    paths = sorted(arguments.directory.rglob("*.o"))
    known = read_types(arguments.types) if arguments.types else {}
    types = [known.get(path.relative_to(arguments.directory).as_posix(), {}) for path in paths]
    back_ends, compilers = tuple(arguments.back_ends.split(",")), tuple(arguments.cc.split(","))
    with ProcessPoolExecutor(arguments.jobs) as pool:
        outcomes = [each for found in pool.map(lower, paths, types, [back_ends] * len(paths), [compilers] * len(paths)) for each in found]
    counts = Counter((each.back_end, each.kind) for each in outcomes)
    for (back_end, kind), count in sorted(counts.items()):
        print(f"{back_end or '-':6} {kind:14} {count}")
    for each in outcomes:
        if each.kind == "failed" or (arguments.list and each.kind in ("unsupported", "unreadable")):
            print(f"{each.back_end:6} {each.kind}: {each.program}: {each.why}")
    raise SystemExit(any(each.kind == "failed" for each in outcomes))


if __name__ == "__main__":
    main()
