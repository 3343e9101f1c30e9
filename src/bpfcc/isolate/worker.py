"""Children that talk while they work: forked ones here, fresh processes (`spawned.py`) where a fork is not safe or does not exist.

    crew = choose_crew()
    worker = crew.start(request, Limits())
    crew.wait([worker], timeout=1)                       [(worker, data)], what has arrived; b"" is the end
    worker.reply({"hit": True})
    worker.end()                                         its exit status, a signal's number below zero

One thread of one process serves many of them.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, final

from bpfcc.isolate.channel import Channel, reply_bytes
from bpfcc.isolate.confine import Confinement, Limits
from bpfcc.isolate.fork import CHUNK_BYTES, can_fork, start_child

if TYPE_CHECKING:
    from bpfcc.isolate.judge import JudgeRequest

Serve = Callable[[Channel], None]


class Worker(Protocol):
    """A child at work."""

    deadline: float

    def reply(self, record: Any) -> None:
        """Answer what it asked."""
        ...

    def kill(self) -> None:
        """End it now."""
        ...

    def end(self) -> int:
        """Wait for its end and free everything: its exit status, a signal's number below zero."""
        ...


@final
class ForkedWorker:
    """A confined copy of this process."""

    def __init__(self, serve: Serve, limits: Limits, *, prepare: Callable[[], None] | None = None) -> None:
        self.answers, answer_fd = os.pipe()
        reply_fd, self._replies = os.pipe()
        try:
            channel = Channel(answer_fd, reply_fd)
            confinement = Confinement(answer_fd, limits, reply_fd)
            self._child = start_child(lambda: serve(channel), confinement, (answer_fd, reply_fd), prepare=prepare)
        finally:
            os.close(answer_fd)
            os.close(reply_fd)
        self.deadline = time.monotonic() + limits.wall_seconds

    def reply(self, record: Any) -> None:
        """Answer what it asked. A child that does not read is not waited for: its end is seen elsewhere."""
        data = memoryview(reply_bytes(record))
        os.set_blocking(self._replies, False)
        while data:
            try:
                data = data[os.write(self._replies, data) :]
            except BlockingIOError:
                if not select.select([], [self._replies], [], max(0.0, self.deadline - time.monotonic()))[1]:
                    return
            except BrokenPipeError:
                return

    def kill(self) -> None:
        """End it now."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)

    def end(self) -> int:
        """Wait for its end and free everything."""
        os.close(self.answers)
        os.close(self._replies)
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        return os.waitstatus_to_exitcode(status)


class Crew(Protocol):
    """Starts workers of one kind, and waits for what they say."""

    def start(self, request: JudgeRequest, limits: Limits) -> Worker:
        """A child at work on `request`."""
        ...

    def wait(self, workers: Sequence[Worker], timeout: float) -> list[tuple[Worker, bytes]]:
        """What has arrived, b"" for an end; nothing where nothing came in time."""
        ...


@final
class ForkedCrew:
    """Linux, in a process with one thread."""

    def start(self, request: JudgeRequest, limits: Limits) -> Worker:
        """Everything is imported here, before the fork: the child cannot, and the next one need not."""
        from bpfcc.isolate.judge import JudgeJob

        return ForkedWorker(JudgeJob(request).serve, limits)

    def wait(self, workers: Sequence[Worker], timeout: float) -> list[tuple[Worker, bytes]]:
        """Poll the pipes."""
        poller = select.poll()
        by_descriptor = {worker.answers: worker for worker in workers if isinstance(worker, ForkedWorker)}
        for descriptor in by_descriptor:
            poller.register(descriptor, select.POLLIN | select.POLLHUP)
        return [(by_descriptor[fd], os.read(fd, CHUNK_BYTES)) for fd, _ in poller.poll(max(0.0, timeout) * 1000)]


def choose_crew() -> Crew:
    """Forked children where a fork is safe."""
    if can_fork():
        return ForkedCrew()
    from bpfcc.isolate.spawned import SpawnedCrew

    return SpawnedCrew()
