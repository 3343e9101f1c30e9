"""z3 in a child of its own, started at the first query: it sees formulas, never an object.

    solver = SolverChild(Limits())
    solver.ask("(assert …)", 4_000_000)              {"status": "unsat", "model": {}}
    solver.close()

The child imports z3 and is then confined, as the child that judges is; it is ended where a query takes too long or too much memory,
and the answer is `unknown`: the verifier then says that it does not know, never that all is well.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.errors import InputError, InternalError
from bpfcc.isolate.channel import Lines
from bpfcc.isolate.worker import ForkedCrew, ForkedWorker
from bpfcc.smt import MAX_QUERY_CHARS, solve

if TYPE_CHECKING:
    from bpfcc.isolate.channel import Channel
    from bpfcc.isolate.confine import Limits

UNKNOWN: Final[dict[str, Any]] = {"status": "unknown", "model": {}}
# Of one query's time; what decides is its `rlimit`, this only ends a solver that hangs.
WALL_SECONDS: Final = 30.0
MAX_ANSWER_BYTES: Final = 1 << 20


def serve(channel: Channel) -> None:
    """The child's loop: it ends when the parent's end of the pipe is closed."""
    record: dict[str, Any] = {"ready": True}
    while True:
        try:
            query = channel.ask(record)
        except OSError:
            return
        try:
            answer = solve(str(query["smt"]), int(query["rlimit"]))
            record = {"status": answer.status, "model": dict(answer.model)}
        except InternalError as error:
            record = {"status": "unknown", "model": {}, "fault": error.message}
        except MemoryError:
            record = UNKNOWN


def import_solver() -> None:
    """In the child, before it is confined: z3 finds its library, and a first query makes it allocate what it keeps."""
    solve("(assert true)", 1000)


@final
class SolverChild:
    """The parent's side."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._worker: ForkedWorker | None = None
        self._lines: Lines | None = None

    def ask(self, text: str, rlimit: int) -> dict[str, Any]:
        """The answer's record, which is not checked here: who asked does that."""
        if len(text) > MAX_QUERY_CHARS or rlimit <= 0:
            return UNKNOWN
        if self._worker is None and not self._start():
            return UNKNOWN
        worker = self._worker
        if worker is None:
            return UNKNOWN
        worker.deadline = time.monotonic() + WALL_SECONDS
        worker.reply({"smt": text, "rlimit": rlimit})
        return self._next() or UNKNOWN

    def _start(self) -> bool:
        self._worker = ForkedWorker(serve, self._limits, prepare=import_solver)
        self._lines = Lines(self._limits.answer_bytes, file=None)
        return self._next() is not None

    def _next(self) -> dict[str, Any] | None:
        """The child's next record; None where it ended, hangs or says what makes no sense, and then it is ended."""
        worker, lines = self._worker, self._lines
        while worker is not None and lines is not None:
            arrived = ForkedCrew().wait([worker], worker.deadline - time.monotonic())
            if not arrived or not arrived[0][1]:
                break
            try:
                for record in lines.feed(arrived[0][1]):
                    return record
            except InputError:
                break
        self.close()
        return None

    def close(self) -> None:
        """End the child."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            worker.end()
