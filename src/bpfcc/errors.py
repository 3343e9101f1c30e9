"""The kinds of "no" that bpfcc knows, and the exit status of each.

A rejected program is a value for whoever asks for a verdict; running it all the same is an error. What is raised is one of:

    InputError        the input is malformed or does not exist                  exit status 2
    CompileError      the C does not compile (an InputError with diagnostics)   exit status 2
    UnsupportedError  recognised, but bpfcc cannot do it; names the feature     exit status 3
    Trap              a checked run met a violation                             exit status 1
    RejectedError     a program may not run: its verdict, or Linux, says why    exit status 1 (3: it could not be judged)
    InternalError     a bug in bpfcc                                            exit status 70

>>> str(InputError("section header table is cut off", file="x.o", offset=64))
'x.o: offset 0x40: section header table is cut off'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bpfcc.diagnostics import Diagnostic, SourcePosition
    from bpfcc.verifier.verdict import Verdict

EXIT_OK: Final = 0
EXIT_REJECTED: Final = 1
EXIT_INPUT: Final = 2
EXIT_UNSUPPORTED: Final = 3
EXIT_INTERNAL: Final = 70


class BpfccError(Exception):
    """Base of everything that bpfcc raises on purpose.

    `message` is one sentence without the place; `str()` puts the place before it.
    """

    exit_status: int = EXIT_INTERNAL

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(BpfccError):
    """The input is malformed: says which file, which section, which byte or instruction."""

    exit_status = EXIT_INPUT

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        section: str | None = None,
        offset: int | None = None,
        insn: int | None = None,
        position: SourcePosition | None = None,
    ) -> None:
        super().__init__(message)
        self.file = file
        self.section = section
        self.offset = offset
        self.insn = insn
        self.position = position

    def place(self) -> str:
        """The place as text, or the empty string."""
        parts = [self.file] if self.file else []
        if self.section is not None:
            parts.append(f"section {self.section!r}")
        if self.offset is not None:
            parts.append(f"offset {self.offset:#x}")
        if self.insn is not None:
            parts.append(f"instruction {self.insn}")
        if self.position is not None:
            parts.append(str(self.position))
        return ": ".join(parts)

    def __str__(self) -> str:
        place = self.place()
        return f"{place}: {self.message}" if place else self.message


class CompileError(InputError):
    """clang refused the source; `diagnostics` is what it said, in its order."""

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...], *, file: str | None = None) -> None:
        super().__init__(message, file=file)
        self.diagnostics = diagnostics


class UnsupportedError(BpfccError):
    """Recognised, but not supported here. `feature` is a short stable name such as `helper bpf_sk_assign`."""

    exit_status = EXIT_UNSUPPORTED

    def __init__(self, feature: str, message: str | None = None, *, file: str | None = None, insn: int | None = None) -> None:
        super().__init__(message or f"{feature} is not supported")
        self.feature = feature
        self.file = file
        self.insn = insn

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.insn is not None:
            parts.append(f"instruction {self.insn}")
        return ": ".join([*parts, self.message])


class Trap(BpfccError):
    """A checked run met a violation: what, at which instruction and source line."""

    exit_status = EXIT_REJECTED

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        function: str | None = None,
        insn: int | None = None,
        address: int | None = None,
        size: int | None = None,
        position: SourcePosition | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.function = function
        self.insn = insn
        self.address = address
        self.size = size
        self.position = position

    def __str__(self) -> str:
        parts = [str(self.position)] if self.position is not None else []
        if self.insn is not None:
            parts.append(f"{self.function}, instruction {self.insn}" if self.function else f"instruction {self.insn}")
        return ": ".join([*parts, self.message])


class RejectedError(BpfccError):
    """A program that is not accepted was to run unchecked; `verdict` says why it is not. Of one that Linux rejected, `log` does."""

    exit_status = EXIT_REJECTED

    def __init__(self, message: str, verdict: Verdict, *, file: str | None = None, log: str | None = None) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.log = log
        self.file = file
        if verdict.status == "unsupported":
            self.exit_status = EXIT_UNSUPPORTED

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" if self.file else self.message


class InternalError(BpfccError):
    """A bug in bpfcc: an invariant of its own does not hold."""

    exit_status = EXIT_INTERNAL
