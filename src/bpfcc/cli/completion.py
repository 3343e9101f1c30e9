"""`bpfcc completion SHELL`: print the script that teaches a shell to complete bpfcc's commands and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from bpfcc.cli.options import common
from bpfcc.errors import InternalError

if TYPE_CHECKING:
    from bpfcc.cli.screen import Screen

EPILOG = """\b
Put one of these where your shell starts:
  bash   eval "$(bpfcc completion bash)"          in ~/.bashrc
  zsh    eval "$(bpfcc completion zsh)"           in ~/.zshrc
  fish   bpfcc completion fish | source           in ~/.config/fish/config.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
def command(shell: str, screen: Screen) -> int:
    """Print a completion script for your shell."""
    from bpfcc.cli.app import app

    kind = get_completion_class(shell)
    if kind is None:
        raise InternalError(f"click has no completion for {shell}")
    screen.line(kind(app, {}, "bpfcc", "_BPFCC_COMPLETE").source().rstrip())
    return 0
