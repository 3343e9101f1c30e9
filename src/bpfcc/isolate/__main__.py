"""`python -m bpfcc.isolate`: read or judge one object, as the first line of standard input asks, in confinement."""

from __future__ import annotations

import os
import sys

from bpfcc.isolate.confine import Confinement
from bpfcc.isolate.fork import answer_of, send
from bpfcc.isolate.reader import prepare
from bpfcc.isolate.spawn import parse_judge_request, parse_request


def read_line(descriptor: int) -> bytes:
    """Up to the end of the line, or of the input; not a byte more, replies may follow."""
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        data = os.read(descriptor, 1 << 16)
        if not data:
            break
        parts.append(data)
    return b"".join(parts)


def main() -> None:
    """Serve one request, then end without running anything else."""
    reply_fd, answer_fd = sys.stdin.fileno(), sys.stdout.fileno()
    line = read_line(reply_fd)
    judge = parse_judge_request(line)
    if judge is not None:
        from bpfcc.isolate.channel import Channel
        from bpfcc.isolate.judge import JudgeJob

        judge_request, limits = judge
        confinement = Confinement(answer_fd, limits, reply_fd)
        judging = JudgeJob(judge_request, own_solver=True)
        confinement.apply()
        judging.serve(Channel(answer_fd, reply_fd))
    else:
        request, limits = parse_request(line)
        confinement = Confinement(answer_fd, limits)
        job = prepare(request)
        confinement.apply()
        send(answer_fd, answer_of(job.run))
    os._exit(0)


if __name__ == "__main__":
    main()
