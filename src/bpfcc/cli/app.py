"""The group of commands, imported one at a time, and what becomes of errors.

run(["dump", "x.o", "--ir"])      0, after importing `bpfcc.cli.dump` and no other command
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from bpfcc.cli.messages import error_lines
from bpfcc.cli.screen import Screen
from bpfcc.errors import EXIT_INPUT, BpfccError, InternalError

if TYPE_CHECKING:
    from collections.abc import Sequence

# name -> where it is, and its line in `bpfcc --help`.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": ("bpfcc.cli.run", "Compile, load and run a program on packets or data, and say what it did."),
    "verify": ("bpfcc.cli.verify", "Judge programs before they run, and say what is wrong with them."),
    "build": ("bpfcc.cli.build", "Compile C to an object, or any input to assembly, IR or LLVM IR."),
    "dump": ("bpfcc.cli.dump", "Show any stage as text: instructions, IR, control flow, maps, types."),
    "compat": ("bpfcc.cli.compat", "Say what of a Linux program, or of its application, ports to Windows."),
    "image": ("bpfcc.cli.image", "Check, sign and install native images for Windows."),
    "headers": ("bpfcc.cli.headers", "Print headers made from kernel types: vmlinux.h."),
    "explain": ("bpfcc.cli.explain", "Explain the code of a finding, with an example and the remedy."),
    "doctor": ("bpfcc.cli.doctor", "Show what bpfcc found on this machine, and what is missing."),
    "completion": ("bpfcc.cli.completion", "Print a completion script for your shell."),
}
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141
# What a write to standard output ends with when there is no room, or nobody to take it.
OUTPUT_ERRORS: Final = frozenset({errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EDQUOT, errno.EBADF})

EPILOG: Final = """\b
Examples:
  bpfcc run firewall.bpf.c --pcap traffic.pcap     what does it do with these packets?
  bpfcc verify firewall.bpf.c                      is it safe?
  bpfcc dump firewall.bpf.c --ir                   what does it look like inside?
  bpfcc build firewall.bpf.c -o firewall.o         an object for Linux
  bpfcc doctor                                     is everything here?

\b
Exit status: 0 done, 1 a program was rejected or trapped, 2 bad input or usage,
3 recognised but not supported, 70 a bug in bpfcc.
"""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of that command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown command gets the names that come near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="bpfcc runs eBPF programs written in C, as they are written for Linux, in a process of its own.",
    epilog=EPILOG,
    no_args_is_help=True,
)
@click.version_option(package_name="bpfcc", prog_name="bpfcc", message="%(prog)s %(version)s")
def app() -> None:
    """The group itself does nothing."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status. Only bugs raise."""
    if "_BPFCC_COMPLETE" in os.environ:
        app.main(list(arguments), prog_name="bpfcc")
    try:
        status = invoke(list(arguments))
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message() + "\n")
        return EXIT_INPUT
    except click.UsageError as error:
        usage_error(error)
        return EXIT_INPUT
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\nbpfcc: interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return quiet_broken_pipe()
    except OSError as error:
        if error.errno not in OUTPUT_ERRORS or error.filename is not None:
            raise
        sys.stderr.write(f"bpfcc: error: cannot write to standard output: {error.strerror}\n")
        quiet_broken_pipe()
        return EXIT_INPUT
    except InternalError:
        raise
    except BpfccError as error:
        report(error)
        return error.exit_status
    return status


def invoke(arguments: list[str]) -> int:
    """Parse and call; commands return their exit status."""
    with app.make_context("bpfcc", arguments) as context:
        result: Any = app.invoke(context)
    return result if isinstance(result, int) else 0


def usage_error(error: click.UsageError) -> None:
    """Say what is wrong with the command line, and where help is."""
    path = error.ctx.command_path if error.ctx is not None else "bpfcc"
    sys.stderr.write(f"{path}: {error.format_message()}\n")
    sys.stderr.write(f"Try '{path} --help'.\n")


def report(error: BpfccError) -> None:
    """Print an error of the input as compilers do."""
    screen = Screen.for_errors()
    for line in error_lines(error, screen):
        screen.error_line(line)


def quiet_broken_pipe() -> int:
    """The reader of our output has gone: end without a word, as if by SIGPIPE."""
    # The interpreter flushes standard output once more at its end.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    return EXIT_BROKEN_PIPE
