"""Programs for Linux made programs for Windows, with the verdict that holds there.

    ported = port(obj.programs["filter"])
    ported.module, ported.entries
    ported.verdict.accepted                  by the rules of Windows, on the rewritten IR

`bpfcc.compat.rewrite` does the work; here are the object's types, its CO-RE relocations and the verifier with all that it can use. Of
a stranger's object a confined child makes the verdict (`Rules(port=True)`), and then `port` is told what it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.compat.rewrite.core import CoreUse, core_uses
from bpfcc.compat.rewrite.port import Ported, row_of, to_windows
from bpfcc.compat.rewrite.table import correspondence
from bpfcc.errors import InternalError, UnsupportedError
from bpfcc.judgement import Rules, explain_verdict, judge_and_hint, unexplained
from bpfcc.program import Rewriting

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Module
    from bpfcc.compat.rewrite.table import Correspondence
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Verdict

RULES: Final = Rules("windows", port=True)


def port(
    program: Program, *, table: Correspondence | None = None, known: Verdict | None = None, bindings: bool = False
) -> Ported:  # fmt: skip
    """The program on Windows, as far as it goes. InputError where its code cannot be linked or lifted.

    `known`: the verdict, where it was judged already. InternalError where that is about other IR than what is made here. `bindings`: as
    `to_windows` takes it.
    """

    def judge(_program: object, module: Module, program_type: str, attach_type: str | None) -> Verdict:
        if known is None:
            return judge_port(program, module, program_type, attach_type)
        return checked_port(program, module, replace(known, type=program_type))

    return to_windows(program, table=table, judge=judge, core=relocations(program), bindings=bindings)


def has_place(program: Program) -> bool:
    """Whether Windows has a hook for it: of sections that Linux has not too, whose programs have no type until they are rewritten."""
    return row_of(program, correspondence()) is not None


def relocations(program: Program) -> tuple[CoreUse, ...]:
    """CO-RE relocations in the program's functions."""
    owner = program.object
    if owner is None or owner.btf is None or owner.type_extensions is None:
        return ()
    return tuple(core_uses(program.bytecode, owner.btf, owner.type_extensions))


def rewritten(program: Program) -> Program:
    """The program on Windows: to be judged, and run, by the rules there. UnsupportedError where it does not port.

    Programs that it can tail-call are rewritten when they are asked for.
    """
    return there(port(program))


def there(made: Ported) -> Program:
    """The program that a port came to. UnsupportedError where it came to none."""
    program = made.program
    if made.module is None or made.type is None:
        what = ", ".join(entry.name for entry in made.absent)
        message = f"program {program.name!r} does not port to Windows: absent there: {what}"
        raise UnsupportedError(f"program {program.name} on Windows", message, file=program.file)
    return program.rewritten(
        RULES.platform, made.type, made.attach_type, Rewriting(made.module, lambda name: rewritten(program.target(name)))
    )


def judge_port(program: Program, module: Module, program_type: str, attach_type: str | None) -> Verdict:
    """The verdict on a rewritten module, with names and places."""
    from bpfcc.program import module_digest
    from bpfcc.smt import local_solver

    there = program.placed(program_type, attach_type)
    verdict, _ = judge_and_hint(there, RULES, smt=local_solver(), module=module, digest=module_digest(module))
    return unexplained(explain_verdict(verdict, program, module))


def checked_port(program: Program, module: Module, verdict: Verdict) -> Verdict:
    """A verdict that was made elsewhere. One without a digest is none that accepts."""
    from bpfcc.program import module_digest

    if verdict.digest and verdict.digest != module_digest(module):
        raise InternalError(f"program {program.name!r} is rewritten in two ways")
    return verdict
