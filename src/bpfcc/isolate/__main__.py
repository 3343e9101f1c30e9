"""`python -m bpfcc.isolate`: read one object, as `spawn.py` asks on standard input, in confinement."""

from __future__ import annotations

import os
import sys

from bpfcc.isolate.confine import Confinement
from bpfcc.isolate.fork import answer_of, send
from bpfcc.isolate.reader import prepare
from bpfcc.isolate.spawn import parse_request


def main() -> None:
    """Serve one request, then end without running anything else."""
    request, limits = parse_request(sys.stdin.buffer.read())
    answer_fd = sys.stdout.fileno()
    confinement = Confinement(answer_fd, limits)
    job = prepare(request)
    confinement.apply()
    send(answer_fd, answer_of(job.run))
    os._exit(0)


if __name__ == "__main__":
    main()
