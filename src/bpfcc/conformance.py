"""`bpfcc-conformance`: a plugin for the public bpf_conformance runner.

    echo "b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00" | bpfcc-conformance
    2a

The program comes as hexadecimal bytes on standard input, its memory as the first argument (absent: no memory); r1 is the
memory's address and r2 its length. r0 is printed in hexadecimal. What goes wrong is one line on standard error, with the
exit status of `bpfcc`. A program is judged first: what is accepted runs without checks, everything else with every access checked.

The runner starts a process for each test, so this module imports no more than a run needs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, NoReturn, TextIO, final

from bpfcc.errors import EXIT_OK, BpfccError, InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.program import Program

USAGE: Final = """\
usage: bpfcc-conformance [MEMORY_HEX] [--backend B] [--stats FILE]

A plugin for the bpf_conformance runner: program bytes in hexadecimal on standard input, memory in
hexadecimal as the first argument; prints r0 in hexadecimal.

  --backend B   what runs the program: interp (default), llvm or aot
  --stats FILE  count in this file (JSON) how many programs ran, and how
  --help        this text

  bpf_conformance_runner --test_file_directory tests --cpu_version v4 \\
      --plugin_path bpfcc-conformance --plugin_options "--backend interp"
"""

BACKENDS: Final = ("interp", "llvm", "aot")
MAX_STEPS: Final = 100_000_000
STATS_SCHEMA: Final = "bpfcc.conformance/1"
# More than any test has; what is longer is no test.
MAX_HEX_DIGITS: Final = 1 << 24


class Options(NamedTuple):
    """The command line."""

    memory: bytes = b""
    backend: str = "interp"
    stats: str | None = None
    help: bool = False


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; InputError for what is not on it."""
    options = Options()
    rest = list(arguments)
    memory: str | None = None
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.partition("=")
        if name in {"--backend", "--stats"}:
            if not equals:
                if not rest:
                    raise InputError(f"option {name} needs a value")
                value = rest.pop(0)
            options = options._replace(backend=value) if name == "--backend" else options._replace(stats=value)
        elif argument in {"--help", "-h"}:
            options = options._replace(help=True)
        elif argument == "--elf":
            raise UnsupportedError("bpfcc-conformance --elf", "programs as ELF are not supported here; run without --elf")
        elif argument.startswith("-"):
            raise InputError(f"no such option: {argument}")
        elif argument.strip() or memory is None:
            # An empty --plugin_options arrives as an empty argument.
            if memory:
                raise InputError(f"unexpected argument {argument[:40]!r}")
            memory = argument
    if options.backend not in BACKENDS:
        raise InputError(f"no back end {options.backend!r}; choose one of {', '.join(BACKENDS)}")
    return options._replace(memory=bytes_of(memory or "", "memory"))


def bytes_of(text: str, what: str) -> bytes:
    """Hexadecimal bytes, with or without white space between them."""
    if len(text) > MAX_HEX_DIGITS:
        raise InputError(f"{what} is longer than {MAX_HEX_DIGITS} characters")
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InputError(f"{what} is not in hexadecimal: {error}") from error


@final
class RawRun:
    """A native run of a program of type "raw": its entry gets the address and the length of `memory`."""

    def __init__(self, memory: bytes, *, checked: bool) -> None:
        from ctypes import c_uint8

        from bpfcc.runtime.memory import state_library

        self._library = state_library()
        # The run points into it: it must live as long.
        self._memory = (c_uint8 * max(1, len(memory))).from_buffer_copy(memory or b"\0")
        self._state: int = self._library.bpfcc_state_create()
        self.pointer: int = self._library.bpfcc_run_create(self._state, 0, int(checked))
        if memory and self._library.bpfcc_run_set_user(self.pointer, 0, self._memory, len(memory), 1):
            raise InputError(f"memory of {len(memory)} bytes is too large")

    def helper_address(self, helper: int) -> int:
        """The C function of a helper, 0 where there is none."""
        address: int | None = self._library.bpfcc_helper_table(helper)
        return address or 0

    def close(self) -> None:
        """Free the run and its state."""
        self._library.bpfcc_run_free(self.pointer)
        self._library.bpfcc_state_free(self._state)


How = Literal["accepted", "checked"]


def run(code: bytes, memory: bytes, backend: str) -> tuple[int, How]:
    """Run a program of type "raw" with the runtime's helpers: r0, and whether it was accepted. Raises BpfccError."""
    from bpfcc.backends.base import Environment, load_backend
    from bpfcc.program import Program

    program = Program.from_bytes(code, type="raw")
    checked = not may_run_unchecked(program)
    raw = RawRun(memory, checked=checked)
    try:
        exe = load_backend(backend).compile(program.ir, Environment(helper_address=raw.helper_address, checked=checked))
        with exe.bind(raw) as bound:
            return bound.run(MAX_STEPS).return_value, "checked" if checked else "accepted"
    finally:
        raw.close()


def may_run_unchecked(program: Program) -> bool:
    """Whether the program is accepted, and its verdict is enough to run it without checks."""
    from bpfcc.errors import RejectedError
    from bpfcc.judgement import gate_closed

    if not gate_closed():
        return False
    from bpfcc.gate import admit
    from bpfcc.judgement import Rules
    from bpfcc.verification import judge_here

    # Nobody reads why: it is judged without a search for examples.
    verdict = judge_here(program, Rules(explain=False), cache=None)
    try:
        return admit([program], [verdict], MAX_STEPS).bound is not None
    except RejectedError:
        return False


def count(path: Path, how: How) -> None:
    """Add one run to the counters in `path`. For one process at a time, as the runner has them."""
    import json

    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "{}"
        found = json.loads(text or "{}")
    except (OSError, ValueError) as error:
        raise InputError(f"no file of counters: {error}", file=str(path)) from error
    known: dict[str, int] = {"accepted": 0, "checked": 0}
    for name in known:
        value = found.get(name, 0) if isinstance(found, dict) else None
        if not isinstance(value, int):
            raise InputError("no file of counters", file=str(path))
        known[name] = value + (name == how)
    try:
        path.write_text(json.dumps({"schema": STATS_SCHEMA, **known}) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=str(path)) from error


def plugin(arguments: Sequence[str], program: TextIO) -> str:
    """What the plugin prints. Raises BpfccError."""
    options = parse(arguments)
    if options.help:
        return USAGE
    value, how = run(bytes_of(program.readline(MAX_HEX_DIGITS + 1), "the program"), options.memory, options.backend)
    if options.stats is not None:
        count(Path(options.stats), how)
    return f"{value:x}\n"


def main() -> NoReturn:
    """Entry point of `bpfcc-conformance`."""
    try:
        sys.stdout.write(plugin(sys.argv[1:], sys.stdin))
        sys.stdout.flush()
    except BpfccError as error:
        sys.stderr.write(f"bpfcc-conformance: {error}\n")
        sys.exit(error.exit_status)
    sys.exit(EXIT_OK)


if __name__ == "__main__":
    main()
