"""Programs for Linux made programs for Windows, with the verdict that holds there.

    ported = port(obj.programs["filter"])
    ported.module, ported.entries
    ported.verdict.accepted                  by the rules of Windows, on the rewritten IR

`bpfcc.compat.rewrite` does the work; here are the object's types, its CO-RE relocations and the verifier with all that it can use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.compat.rewrite.core import CoreUse, core_uses
from bpfcc.compat.rewrite.port import Ported, to_windows
from bpfcc.errors import UnsupportedError
from bpfcc.judgement import Rules, ask, exhausted, explain_verdict, load_engine, unexplained, unsupported
from bpfcc.verifier.options import Request
from bpfcc.verifier.verdict import Verdict

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Module
    from bpfcc.compat.rewrite.table import Correspondence
    from bpfcc.program import Program

RULES: Final = Rules("windows")


def port(program: Program, *, table: Correspondence | None = None) -> Ported:
    """The program on Windows, as far as it goes. InputError where its code cannot be linked or lifted."""

    def judge(_program: object, module: Module, program_type: str, attach_type: str | None) -> Verdict:
        return judge_port(program, module, program_type, attach_type)

    return to_windows(program, table=table, judge=judge, core=relocations(program))


def relocations(program: Program) -> tuple[CoreUse, ...]:
    """CO-RE relocations in the program's functions."""
    owner = program.object
    if owner is None or owner.btf is None or owner.type_extensions is None:
        return ()
    return tuple(core_uses(program.bytecode, owner.btf, owner.type_extensions))


def judge_port(program: Program, module: Module, program_type: str, attach_type: str | None) -> Verdict:
    """The verdict on a rewritten module, with names and places."""
    from bpfcc.program import module_digest
    from bpfcc.runtime.specs import load_platform
    from bpfcc.smt import local_solver
    from bpfcc.types import object_types

    platform, digest = load_platform(RULES.platform), module_digest(module)
    license = "" if program.license is None and program.object is not None else program.license  # noqa: A001 - the field's name
    request = Request(
        platform=platform, type=program_type, attach_type=attach_type, license=license, options=RULES.options,
        object_types=object_types(program.btf, program_type, platform), btf=program.btf,
    )  # fmt: skip
    try:
        judged = ask(load_engine(), module, request, local_solver())
    except UnsupportedError as error:
        return unsupported(program, RULES, error, digest)
    except RecursionError:
        return exhausted(program, RULES, "nesting: the program's structure is too deep", digest)
    verdict = Verdict(
        program.name, program.section, program_type, platform.name, judged.status, tuple(judged.findings), judged.stats, digest,
        judged.zeroed,
    )  # fmt: skip
    named = explain_verdict(verdict, program, module)
    return replace(unexplained(named), name=program.name)
