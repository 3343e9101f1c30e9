"""Options that several commands share, and how they become arguments of the pipeline.

@click.command()
@common             -q -v --color        -> screen: Screen
@reading            -I -D -O --mcpu --clang --system-headers --type --btf --platform      -> reading: Reading
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import click

from bpfcc.cli.messages import diagnostic_lines
from bpfcc.cli.screen import Screen
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpfcc.judgement import Rules
    from bpfcc.pipeline import Source
    from bpfcc.program import Object, Program
    from bpfcc.verifier.options import Options

PATH = click.Path(path_type=Path, dir_okay=False)


# Of commands that are about programs as they are on another system, too.
TARGET = click.option(
    "--target",
    type=click.Choice(["linux", "windows"]),
    default="linux",
    show_default=True,
    help="What it is there: windows rewrites it (see `bpfcc compat`).",
)


def common(function: Callable[..., int]) -> Callable[..., int]:
    """`-q`, `-v` and `--color`; the command gets a `screen`."""

    @functools.wraps(function)
    def wrapper(*args: Any, quiet: bool, verbose: int, color: Any, **kwargs: Any) -> int:
        return function(*args, screen=Screen(color, quiet=quiet, verbose=verbose), **kwargs)

    options = [
        click.option("-q", "--quiet", is_flag=True, help="Only results and errors."),
        click.option("-v", "--verbose", count=True, help="Say more; twice for tracebacks of bugs."),
        click.option(
            "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colour the output."
        ),
    ]
    return _apply(options, wrapper)


@final
@dataclass(slots=True)
class Reading:
    """How to turn a SRC or OBJ argument into an object."""

    compile_options: dict[str, Any] = field(default_factory=dict)
    clang: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    target_btf: Path | None = None
    platform: str = "linux"

    def rules(self, target: str, options: Options | None = None) -> Rules:
        """Whose rules its programs are judged by as programs for `target`. InputError where they are for another platform already."""
        from bpfcc.judgement import Rules
        from bpfcc.verifier.options import Options

        if target == "linux":
            return Rules(self.platform, options or Options())
        if self.platform != "linux":
            raise InputError(f"--target {target} is for programs for linux; for those that are for {self.platform}, --platform alone")
        return Rules(target, options or Options(), port=True)

    def source(self, path: Path, screen: Screen) -> Source:
        """Compile or read, showing warnings."""
        from bpfcc.pipeline import read_source

        with screen.busy(f"compiling {path}"):
            source = read_source(path, clang=self.clang, **self.compile_options)
        if source.diagnostics and not screen.quiet:
            for line in diagnostic_lines(source.diagnostics, screen):
                screen.error_line(line)
        return source

    def open(
        self, source: Source, *, lift: bool, programs: tuple[str, ...] | None, needs: tuple[str, ...] = (), origin: str = "linux"
    ) -> Object:  # fmt: skip
        """Load it, after an isolated child has; meanwhile import the modules that will be needed. `origin`: whose object it is."""
        from bpfcc.pipeline import open_object

        def meanwhile() -> None:
            for name in needs:
                import_module(name)

        return open_object(
            source, isolated=True, types=self.types, target_btf=self.target_btf, lift=lift, programs=programs, meanwhile=meanwhile,
            platform=origin,
        )  # fmt: skip


def reading(function: Callable[..., int]) -> Callable[..., int]:
    """Options of compiling and loading; the command gets `reading`. (`dump --btf` shows types: there the long name is the only one.)"""

    @functools.wraps(function)
    def wrapper(
        *args: Any, include: tuple[str, ...], define: tuple[str, ...], opt: str, mcpu: str, clang: str | None, system_headers: bool,
        types: tuple[str, ...], target_btf: Path | None, platform: str, **kwargs: Any,
    ) -> int:  # fmt: skip
        if platform != "linux" and not anywhere:
            raise UnsupportedError(f"platform {platform}", f"platform {platform!r}: this command is about programs for linux")
        compile_options = {"include_dirs": include, "defines": define, "opt": opt, "mcpu": mcpu, "system_headers": system_headers}
        made = Reading(compile_options, clang, dict(_type(text) for text in types), target_btf, platform)
        return function(*args, reading=made, **kwargs)

    anywhere = not function.__module__.endswith(".compat")
    names = ["--target-btf"] if function.__module__.endswith(".dump") else ["--btf", "--target-btf"]
    options = [
        click.option("-I", "include", multiple=True, metavar="DIR", help="Look for headers there first."),
        click.option("-D", "define", multiple=True, metavar="NAME[=VALUE]", help="Define a macro."),
        click.option("-O", "opt", default="2", metavar="LEVEL", show_default=True, help="Optimisation level of clang."),
        click.option("--mcpu", default="v3", metavar="v1..v4", show_default=True, help="Instruction set version."),
        click.option("--clang", metavar="PATH", help="This clang instead of the bundled one."),
        click.option("--system-headers", is_flag=True, help="This machine's Linux headers instead of bpfcc's own."),
        click.option(
            "--type", "types", multiple=True, metavar="[SECTION[:FUNCTION]=]TYPE", help="Program type where the section does not tell."
        ),
        click.option(*names, "target_btf", type=PATH, metavar="FILE", help="Kernel types for CO-RE relocations (default: this kernel's)."),
        click.option(
            "--platform",
            default="linux",
            metavar="linux|windows|FILE" if anywhere else "NAME",
            show_default=True,
            help="Whose helpers and contexts.",
        ),
    ]
    return _apply(options, wrapper)


def _apply(options: Sequence[Callable[[Callable[..., int]], Callable[..., int]]], wrapper: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(options):
        wrapper = option(wrapper)
    return wrapper


def _type(text: str) -> tuple[str, str]:
    place, _, name = text.rpartition("=")
    if not name:
        raise InputError(f"--type {text!r}: a type is missing; the form is [SECTION[:FUNCTION]=]TYPE")
    return place, name


def chosen_programs(obj: Object, names: tuple[str, ...]) -> list[Program]:
    """The programs asked for, all where none is. InputError where there is none at all."""
    found = [obj.program(name) for name in names] if names else list(obj.programs.values())
    if not found:
        raise InputError("no program in it", file=obj.file)
    return found


def worst(statuses: list[int]) -> int:
    """Of several exit statuses the worst: 70, then 2, 1, 3, 0."""
    order = {70: 0, 2: 1, 1: 2, 3: 3, 0: 4}
    return min(statuses, key=lambda status: order[status], default=0)
