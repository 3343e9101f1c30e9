"""Verdicts on a tree of C programs for eBPF for Windows, by the rules of Windows.

    python bench/windows.py DIR [-I DIR]… [--platform FILE] [--type FILE=TYPE]… [--only GLOB] [--mcpu v1] [--verbose]

Units are the `.c` files below DIR; names of directories that -I gives are relative to DIR or not. A program that is rejected gets a
line with its findings. `--type bpf.c=bind`: of programs whose section does not tell.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bpfcc.errors import BpfccError  # noqa: E402 - found by the line above
from bpfcc.pipeline import Source, open_object, read_source  # noqa: E402
from bpfcc.verification import verify  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bpfcc.verification import Verdict


class Judged(NamedTuple):
    """A program, or (with an empty name) a unit that nothing came of; and what was said of it."""

    unit: str
    program: str
    status: str
    text: str = ""


def units(tree: Path, only: str) -> list[Path]:
    """The C files of a tree."""
    return [path for path in sorted(tree.rglob("*.c")) if fnmatch(str(path.relative_to(tree)), only)]


def judge_unit(path: Path, name: str, include: list[Path], mcpu: str, platform: str, types: Mapping[str, str]) -> Iterator[Judged]:
    """Every program of a unit."""
    try:
        source = read_source(path, include_dirs=tuple(include), mcpu=mcpu)
    except BpfccError as error:
        yield Judged(name, "", "does not compile", str(error).splitlines()[0])
        return
    given = {"": types[path.name]} if path.name in types else None
    try:
        programs = open_object(Source(name, source.data), isolated=False, types=given, platform=platform).programs
        for key, program in programs.items():
            verdict = verify(program, platform, cache=None)
            yield Judged(name, key, verdict.status, findings_of(verdict))
    except BpfccError as error:
        yield Judged(name, "", "cannot be read", str(error))


def findings_of(verdict: Verdict) -> str:
    """The errors, in short."""
    return "; ".join(f"{each.code} {each.message}" for each in verdict.findings if each.level == "error")


def main() -> None:
    """Print what is not accepted, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("-I", dest="include", action="append", type=Path, default=[])
    parser.add_argument("--platform", default="windows")
    parser.add_argument("--type", dest="types", action="append", default=[], metavar="FILE=TYPE")
    parser.add_argument("--only", default="*")
    parser.add_argument("--mcpu", default="v1")
    parser.add_argument("--verbose", action="store_true", help="the accepted ones, too")
    arguments = parser.parse_args()
    include = [each if each.is_absolute() or each.is_dir() else arguments.directory / each for each in arguments.include]
    types = dict(text.split("=", 1) for text in arguments.types)
    found: list[Judged] = []
    paths = units(arguments.directory, arguments.only)
    for path in paths:
        name = str(path.relative_to(arguments.directory))
        for each in judge_unit(path, name, include, arguments.mcpu, arguments.platform, types):
            found.append(each)
            if arguments.verbose or each.status != "accepted":
                print(f"{name} {each.program}: {each.status} {each.text}".rstrip(), flush=True)
    show_counts(len(paths), found)


def show_counts(count: int, found: list[Judged]) -> None:
    """Units and programs by what became of them."""
    broken = {each.unit for each in found if each.status == "does not compile"}
    by_unit = {each.unit: True for each in found}
    for each in found:
        by_unit[each.unit] &= each.status == "accepted"
    statuses = Counter(each.status for each in found if each.program)
    print(f"{count} units: {count - len(broken)} compile, {sum(by_unit.values())} with every program accepted")
    print(f"{sum(statuses.values())} programs: " + ", ".join(f"{number} {status}" for status, number in statuses.most_common()))


if __name__ == "__main__":
    main()
