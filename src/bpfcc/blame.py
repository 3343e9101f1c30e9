"""Whose fault a rejection is: other ways to compile the same source tell.

    blame_compiler(verdict, Path("filter.bpf.c"), accepted, options)        findings with cause "compiler", or the verdict as it was

One experiment decides for all of a program's findings: it is accepted in an object that was compiled in another way, or it is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bpfcc.verifier.verdict import Finding, Verdict


def blame_compiler(verdict: Verdict, source: Path, accepted: Callable[[bytes], bool], compile_options: Mapping[str, Any]) -> Verdict:
    """`accepted`: whether the program is accepted in another object of the same source."""
    from bpfcc.explain.cause import COMPILED_AWAY, decide_compiler_cause

    errors = [finding for finding in verdict.findings if finding.level == "error"]
    if not errors or any(not could_be(finding, COMPILED_AWAY) for finding in errors):
        # One fault that compiling cannot change keeps the program rejected, whatever becomes of the others.
        return verdict
    first = decide_compiler_cause(source, errors[0], accepted, compile_options)
    if first.cause != "compiler":
        return verdict
    findings = tuple(
        first if finding is errors[0] else replace(finding, cause="compiler") if finding.level == "error" else finding
        for finding in verdict.findings
    )
    return replace(verdict, findings=findings)


def could_be(finding: Finding, codes: frozenset[str]) -> bool:
    """Whether another way of compiling can make the finding go away."""
    return finding.code in codes and finding.counterexample is None and finding.cause in {"source", "analysis-limit"}
