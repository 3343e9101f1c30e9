"""What all tests share, and the golden runner: `*.bir` files below tests/ that say themselves how they are tested.

    ; test: opt fold_constants
    bpfir 1
    fn @main(v0) global { … }
    ; --- expected
    ; bpfir 1
    ; …

The first line names a command of `COMMANDS` and its arguments; what follows `; --- expected` is its output, one comment
a line. `pytest --bless` writes the output into the file instead of comparing; a person then reads the difference.
"""

from __future__ import annotations

import difflib
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest

from bpfcc.errors import BpfccError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK: Final = "; test:"
EXPECTED: Final = "; --- expected"

# A busy machine must not fail a property; examples are the same in every run of CI.
hypothesis.settings.register_profile("default", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def command_print(text: str, _args: list[str]) -> str:
    """Parse, check, print."""
    from bpfcc.bpfir.check import check
    from bpfcc.bpfir.parser import parse_module
    from bpfcc.bpfir.printer import print_module

    module = parse_module(text)
    check(module)
    printed = print_module(module)
    assert print_module(parse_module(printed)) == printed, "print and parse are not inverses here"
    return printed


def command_check(text: str, _args: list[str]) -> str:
    """What the checker says: `ok`, or the error."""
    from bpfcc.bpfir.check import check
    from bpfcc.bpfir.parser import parse_module

    try:
        check(parse_module(text))
    except BpfccError as error:
        return f"{type(error).__name__}: {error}\n"
    return "ok\n"


def command_opt(text: str, args: list[str]) -> str:
    """Run the named passes in order (the whole pipeline where none is named), checking after each."""
    from bpfcc.bpfir.check import check
    from bpfcc.bpfir.parser import parse_module
    from bpfcc.bpfir.passes import optimise, run_pass
    from bpfcc.bpfir.printer import print_module
    from bpfcc.pipeline import effects

    module = parse_module(text)
    check(module)
    if not args:
        optimise(module, effects(), check_each=True)
    for name in args:
        run_pass(name, module, effects())
        check(module, after=name)
    return print_module(module)


def command_run(text: str, args: list[str]) -> str:
    """Run the module, checked, on the bytes given in hex; its result, or the trap."""
    from bpfcc.bpfir.parser import parse_module
    from bpfcc.execution import run_module

    data = bytes.fromhex(args[0]) if args else b""
    try:
        result = run_module(parse_module(text), data)
    except BpfccError as error:
        return f"{type(error).__name__}: {error}\n"
    return f"{result.return_value:#x}\n"


def command_replay(text: str, args: list[str]) -> str:
    """What the fuzzer found (`tests/fuzzing/found`), run again: the outcome that every back end agrees on."""
    from tests.fuzzing.finding import replay

    return replay(text, Path(__file__).parent / "fuzzing" / "found" / args[0])


COMMANDS: Final[dict[str, Callable[[str, list[str]], str]]] = {
    "print": command_print,
    "check": command_check,
    "opt": command_opt,
    "run": command_run,
    "replay": command_replay,
}


def split_golden(text: str) -> tuple[str, list[str], str, str]:
    """(command, arguments, input, expectation) of a golden file. ValueError where it is none."""
    first, _, rest = text.partition("\n")
    if not first.startswith(MARK):
        raise ValueError(f"the first line must be `{MARK} COMMAND ARGS`")
    words = shlex.split(first.removeprefix(MARK))
    if not words or words[0] not in COMMANDS:
        raise ValueError(f"no golden command {words[:1]}; choose one of {', '.join(COMMANDS)}")
    source, found, expectation = rest.partition(EXPECTED + "\n")
    if not found:
        raise ValueError(f"no line `{EXPECTED}`")
    lines = [line.removeprefix(";").removeprefix(" ") for line in expectation.splitlines()]
    return words[0], words[1:], source, "".join(f"{line}\n" for line in lines)


def with_expectation(text: str, output: str) -> str:
    """The golden file with another expectation."""
    head = text.partition(EXPECTED + "\n")[0]
    return head + EXPECTED + "\n" + "".join(f"; {line}".rstrip() + "\n" for line in output.splitlines())


class GoldenFile(pytest.File):
    """One `.bir` file; it has one item."""

    def collect(self) -> Iterator[pytest.Item]:
        text = self.path.read_text(encoding="utf-8")
        try:
            split_golden(text)
        except ValueError as error:
            raise self.CollectError(f"{self.path}: {error}") from None
        yield GoldenItem.from_parent(self, name=self.path.stem, text=text)


class GoldenItem(pytest.Item):
    """Run the command and compare."""

    def __init__(self, *, text: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    def runtest(self) -> None:
        command, args, source, expectation = split_golden(self.text)
        output = COMMANDS[command](source, args)
        if output == expectation:
            return
        if self.config.getoption("--bless"):
            self.path.write_text(with_expectation(self.text, output), encoding="utf-8")
            return
        difference = "".join(difflib.unified_diff(expectation.splitlines(True), output.splitlines(True), "expected", "found"))
        place = os.path.relpath(self.path)
        pytest.fail(f"{place}: other output\n{difference}\nTo accept: pytest --bless {place}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"golden {self.path.name}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write what golden tests print into their files")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--bless") and os.environ.get("CI"):
        raise pytest.UsageError("--bless is for people: it is refused where CI is set")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".bir":
        return GoldenFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long runs only where they are asked for: `-m soak`."""
    if "soak" in (config.getoption("-m") or ""):
        return
    kept = [item for item in items if item.get_closest_marker("soak") is None]
    dropped = [item for item in items if item.get_closest_marker("soak") is not None]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
