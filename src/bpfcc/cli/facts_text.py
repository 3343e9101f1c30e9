"""`bpfcc dump --facts`: the IR, and what the verifier knows of each value.

    b1(v4, v5) steps 6:                  ; v4 [0, 261120], v5 [0, 1023]
      v6 = add.64 v2, v5 #9              ; packet+[0, 1023]

Facts are of all runs that come there, whatever path they take; a value that has none is never computed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.printer import print_block, print_op
from bpfcc.bpfir.text import render_name
from bpfcc.judgement import Rules, ask, lift_for, load_engine, request_for, warm_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.bpfir.function import Block, Function, Module
    from bpfcc.program import Program
    from bpfcc.verifier.solver import Facts

COLUMN: Final = 46
NEVER: Final = "never computed"


def facts_lines(program: Program, platform: str) -> list[str]:
    """The text, from a confined child where there can be one: the program may be anybody's."""
    from bpfcc.isolate.fork import can_fork, run_forked
    from bpfcc.isolate.judging import JUDGE_LIMITS

    rules = Rules(platform)
    warm_up(rules)
    module = lift_for(program, rules)
    types = kernel_types(program, platform)
    if not can_fork():
        return list(lines_of(program, module, rules, types))
    return checked(run_forked(lambda: list(lines_of(program, module, rules, types)), JUDGE_LIMITS, file=program.file), program.file)


def checked(data: bytes, file: str | None) -> list[str]:
    """What the child said; the error that it reports, or the one for what makes no sense."""
    from bpfcc.isolate.wire import error_of, rubbish, text_of

    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise rubbish(file) from None
    if isinstance(answer, dict):
        raise error_of(answer.get("error"), file)
    if not isinstance(answer, list):
        raise rubbish(file)
    return [text_of(line, file) for line in answer]


def kernel_types(program: Program, platform: str) -> Any:
    """This kernel's types where the program's arguments are made of them; None where they are not, or are not known."""
    from bpfcc.frontend.btf import Btf
    from bpfcc.isolate.judge import TYPED, preloaded

    if platform != "linux" or program.type not in TYPED:
        return None
    return preloaded(Btf.kernel())


def lines_of(program: Program, module: Module, rules: Rules, types: Any) -> Iterator[str]:
    """The text's lines."""
    judged: Any = ask(load_engine(), module, request_for(program, rules, types), None)
    for fn in module.functions:
        found = judged.facts.get(fn.name)
        yield from function_lines(fn, found[1] if found is not None else None)


def function_lines(fn: Function, facts: Facts | None) -> Iterator[str]:
    """A function; `facts`: None where it was never judged."""
    params = ", ".join(map(str, fn.params))
    yield beside(
        f"fn @{render_name(fn.name)}({params}) {fn.linkage} {{", params_text(fn.params, facts) if facts else "not judged: nothing calls it"
    )
    for block in fn.blocks:
        yield from block_lines(block, facts)
    yield "}"


def block_lines(block: Block, facts: Facts | None) -> Iterator[str]:
    """A block, a line for each operation."""
    head = print_block(block).partition("\n")[0]
    yield beside(head, params_text(block.params, facts) if facts else "")
    for op in block.all_ops():
        known = fact_of(op.result, facts) if facts is not None and op.HAS_RESULT else ""  # type: ignore[attr-defined]
        yield beside(f"  {print_op(op)}", known)


def params_text(params: list[Any], facts: Facts | None) -> str:
    """What is known of parameters."""
    return ", ".join(f"{param} {fact_of(param, facts)}" for param in params) if facts is not None else ""


def fact_of(value: Any, facts: Facts) -> str:
    """What is known of a value."""
    found = facts.of.get(value)
    return NEVER if found is None else str(found)


def beside(line: str, comment: str) -> str:
    """The line with a comment, in a column of its own where there is room."""
    return f"{line:{COLUMN}} ; {comment}" if comment else line
