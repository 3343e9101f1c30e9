"""Whether the compiler lost a check that the source has: decided by experiment, never by the look of a message.

    decide_compiler_cause(Path("filter.bpf.c"), finding, accepted, {"opt": "2", "mcpu": "v3"})
        the finding with cause "compiler" and "the same source is accepted when compiled with -O1", or the finding as it was

The same source is compiled at other levels and for other instruction sets; `accepted` judges each object. A finding with a
counterexample is never the compiler's: the program that was judged does go wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bpfcc.errors import BpfccError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bpfcc.verifier.verdict import Finding

LEVELS: Final = ("O1", "O3", "Os")
MCPUS: Final = ("v2", "v4", "v3")
MAX_COMPILES: Final = 6
# What another way of compiling can change: the analysis of addresses, numbers and loops. Not who may call what.
COMPILED_AWAY: Final = frozenset({
    "V002", "V010", "V011", "V013", "V014", "V020", "V021", "V022", "V023", "V025", "V034", "V035", "V037", "V050", "V060", "V062", "V071",
    "V072",
})  # fmt: skip


def decide_compiler_cause(
    source_path: Path, finding: Finding, verify: Callable[[bytes], bool], compile_options: Mapping[str, Any], *,
    max_compiles: int = MAX_COMPILES,
) -> Finding:  # fmt: skip
    """The finding, with cause `compiler` where the program is accepted when the same source is compiled in another way.

    `verify`: whether the program that the finding is about is accepted in an object. `compile_options`: what `compile_c` was called with.
    """
    if finding.code not in COMPILED_AWAY or finding.level != "error" or finding.counterexample is not None:
        return finding
    if finding.cause not in {"source", "analysis-limit"}:
        return finding
    for count, (said, options) in enumerate(variants(compile_options)):
        if count == max_compiles:
            break
        if _accepted(source_path, options, verify):
            advice = f"the same source is accepted when compiled with {said}; or keep the checked value in place with barrier_var(…)"
            suggestion = f"{finding.suggestion}; {advice}" if finding.suggestion else advice
            return replace(finding, cause="compiler", suggestion=suggestion)
    return finding


def variants(given: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Other ways to compile: (what the user would write, options). One thing is changed at a time."""
    options = dict(given)
    opt, mcpu = _level(str(options.get("opt", "O2"))), str(options.get("mcpu", "v3"))
    for level in LEVELS:
        if level != opt:
            yield f"-{level}", options | {"opt": level}
    for name in MCPUS:
        if name != mcpu:
            yield f"--mcpu {name}", options | {"mcpu": name}


def _level(text: str) -> str:
    text = text.removeprefix("-")
    return text if text.startswith("O") else f"O{text}"


def _accepted(source: Path, options: dict[str, Any], verify: Callable[[bytes], bool]) -> bool:
    from bpfcc.frontend.clang import compile_c

    try:
        return verify(compile_c(source, **options).object)
    except InternalError:
        raise
    except BpfccError:
        # Not every source compiles in every way; that says nothing about the finding.
        return False
