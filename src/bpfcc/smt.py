"""The solver behind the last stage of judging: z3, where it is installed.

    smt = local_solver()                                          None without z3
    smt("(declare-const x (_ BitVec 64)) (assert (bvult x #x0000000000000004))", 4_000_000)
        SmtAnswer(status="sat", model={"x": 0})

Queries are text (SMT-LIB 2, bit-vectors and Booleans), so that they can cross a pipe: in an isolated verification another child
answers them, see `bpfcc.isolate.solver`. What a query may cost is counted in z3's own steps, never in time: verdicts repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

from bpfcc.errors import InternalError

Status = Literal["sat", "unsat", "unknown"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
MAX_QUERY_CHARS: Final = 4 << 20
MAX_MODEL: Final = 10_000


class SmtAnswer(NamedTuple):
    """`model`: values of the constants where the query is satisfiable; Booleans are 0 and 1. What it leaves out may be anything."""

    status: Status
    model: Mapping[str, int] = {}


# The text of a query, and what it may cost in z3's `rlimit`.
Smt = Callable[[str, int], SmtAnswer]


def solver_version() -> str | None:
    """z3's version without importing it; None where it is not installed."""
    try:
        spec = find_spec("z3")
    except ModuleNotFoundError:
        return None
    if spec is None or spec.origin is None:
        return None
    found = sorted(path.name for path in Path(spec.origin).parents[1].glob("z3_solver-*.dist-info"))
    return found[-1].removeprefix("z3_solver-").removesuffix(".dist-info") if found else "unknown"


def local_solver() -> Smt | None:
    """z3 in this process, imported at the first query; None where it is not installed."""
    return solve if solver_version() is not None else None


def solve(text: str, rlimit: int) -> SmtAnswer:
    """Answer one query. InternalError where z3 cannot read it."""
    import z3

    if len(text) > MAX_QUERY_CHARS:
        return SmtAnswer("unknown")
    context = z3.Context()
    solver = z3.SolverFor("QF_BV", ctx=context)
    solver.set("rlimit", rlimit)
    try:
        solver.from_string(text)
        result = solver.check()
    except z3.Z3Exception as error:
        raise InternalError(f"z3 cannot read a query: {error}") from error
    if result == z3.unsat:
        return SmtAnswer("unsat")
    return SmtAnswer("sat", values_of(solver.model())) if result == z3.sat else SmtAnswer("unknown")


def values_of(model: Any) -> dict[str, int]:
    """Constants of a z3 model by name."""
    import z3

    found: dict[str, int] = {}
    for declaration in model.decls()[:MAX_MODEL]:
        value = model[declaration]
        if z3.is_bv_value(value):
            found[declaration.name()] = value.as_long()
        elif z3.is_bool(value):
            found[declaration.name()] = int(z3.is_true(value))
    return found
