"""`bpfcc image check|sign|install-script`: native images for Windows, after they are built."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from bpfcc.cli.options import PATH, Reading, common, reading
from bpfcc.errors import EXIT_OK, EXIT_REJECTED, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.cli.screen import Screen
    from bpfcc.compat.image.rules import Outcome
    from bpfcc.compat.image.signing import Identity
    from bpfcc.compat.image.subject import Subject

EPILOG = """\b
Examples:
  bpfcc image check firewall.sys                           would Windows load it, and why not?
  bpfcc image check firewall.sys --against firewall.bpf.c  is it what the verifier accepted?
  bpfcc image sign firewall.sys --self-made                a test signature, for test machines
  bpfcc image install-script firewall.sys                  firewall.ps1, to run on one
"""
CHECK_EPILOG = """\b
Exit status: 0 every rule holds (warnings do not count), 1 one does not, or the
image is not what --against gives, 2 it is no image, or a file that an option
names cannot be used, 3 something is missing here.
"""
SIGN_EPILOG = """\b
A test certificate says that you made the image, to machines that you told to
believe you: it needs test-signing mode, and so Secure Boot off. Production
signing is Microsoft's process, which no tool of yours replaces.
"""
MARKS: Final = {"passed": ("ok", "green"), "skipped": ("-", "dim"), "error": ("error", "bold red"), "warning": ("warning", "bold magenta")}
MAX_NAMES: Final = 64
SHOWN_EQUAL: Final = frozenset({"same", "same-code"})
WINDOWS: Final = "windows"


platform_option = click.option(
    "--platform", default=WINDOWS, metavar="windows|FILE", show_default=True, help="Whose types of programs and maps."
)


@click.group(epilog=EPILOG, no_args_is_help=True)
def command() -> None:
    """Check, sign and install native images for Windows (.sys, .dll)."""


def read(path: Path) -> bytes:
    """The image's bytes."""
    from bpfcc.compat.image.pe import MAX_BYTES
    from bpfcc.pipeline import read_bytes

    return read_bytes(path, MAX_BYTES)


def known_rules(names: Sequence[str]) -> frozenset[str]:
    """UsageError for one that there is not."""
    from bpfcc.compat.image.rules import RULES

    ids = [rule.id for rule in RULES]
    for name in names:
        if name not in ids:
            raise click.UsageError(f"no rule {name!r}; the rules are {', '.join(ids)}")
    return frozenset(names)


# ---- check


@command.command("check", epilog=CHECK_EPILOG)
@click.argument("path", metavar="FILE", type=PATH)
@click.option("--against", type=PATH, metavar="SRC|OBJ", help="Verify this again, build it again, and compare byte for byte.")
@click.option("--signed", is_flag=True, help="An image that is not signed is an error.")
@click.option("--trust", type=PATH, metavar="PEM", help="Certificates of signers, or of who vouches for them.")
@click.option("--warn", "warn", multiple=True, metavar="RULE", help="This rule is only a warning.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (schema bpfcc.image/1).")
@reading
@common
def check(
    path: Path, *, against: Path | None, signed: bool, trust: Path | None, warn: tuple[str, ...], as_json: bool, reading: Reading,
    screen: Screen,
) -> int:  # fmt: skip
    """Would Windows load FILE with memory integrity (HVCI) on, does eBPF for Windows find its programs, and is it what it says it is?"""
    from bpfcc.compat.image.document import document
    from bpfcc.compat.image.rules import apply, rejected
    from bpfcc.compat.image.subject import examine

    ids = known_rules(warn)
    if signed and "signed" in ids:
        raise click.UsageError("--signed makes a missing signature an error, --warn signed a warning: give one of them")
    data = read(path)
    # Left alone it is Linux', which images are never for.
    platform = WINDOWS if reading.platform == "linux" else reading.platform
    subject = examine(data, name=str(path), trust=trust, must_be_signed=signed, platform=platform)
    outcomes = apply(subject, warn=ids)
    found = None
    if against is not None:
        from bpfcc.cli.rebuilt import rebuild_and_compare

        found = rebuild_and_compare(data, subject, against, reading, screen, given=given_options())
    if as_json:
        screen.line(json.dumps(document(subject, outcomes, against=found), indent=2))
    else:
        show(subject, outcomes, screen)
        show_against(found, screen)
    return EXIT_REJECTED if rejected(outcomes) or (found is not None and found["status"] not in SHOWN_EQUAL) else EXIT_OK


def given_options() -> frozenset[str]:
    """The options of this command that were given, and not left at their defaults."""
    context = click.get_current_context()
    return frozenset(name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE)


def show(subject: Subject, outcomes: Sequence[Outcome], screen: Screen) -> None:
    """What fails, explained; with -v every rule; then a line."""
    from bpfcc.compat.image.rules import rejected

    if screen.verbose:
        show_table(outcomes, screen)
    for each in outcomes:
        if each.status == "failed" and not (screen.quiet and each.level == "warning"):
            show_failed(each, screen)
    image = subject.image
    failed = [each for each in outcomes if each.status == "failed"]
    errors = sum(each.level == "error" for each in failed)
    verdict = screen.style("rejected", "bad") if rejected(outcomes) else screen.style("accepted", "good")
    programs = [each.name for each in subject.metadata.programs]
    names = ", ".join(programs[:MAX_NAMES]) or "no programs"
    if len(programs) > MAX_NAMES:
        names += f" and {len(programs) - MAX_NAMES} more"
    counts = f"{plural(errors, 'error')}, {plural(len(failed) - errors, 'warning')}, {plural(len(outcomes), 'rule')}"
    screen.line(f"{shown(image.name)} ({image.kind}, {image.architecture}): {verdict}: {counts}; {shown(names)}; {signature_line(subject)}")


def plural(count: int, what: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{count} {what}{'s' if count != 1 else ''}"


def shown(text: str) -> str:
    """Text of an image, fit for a terminal."""
    from bpfcc.explain.quote import printable

    return printable(text.encode("utf-8", "replace").decode())


def show_table(outcomes: Sequence[Outcome], screen: Screen) -> None:
    """Every rule and what became of it."""
    from rich.text import Text

    rows = []
    for each in outcomes:
        mark, style = MARKS[each.level if each.status == "failed" else each.status]
        rows.append([Text(mark, style=style), each.rule.id, each.rule.title])
    screen.table([("", "left"), ("rule", "left"), ("what has to hold", "left")], rows)


def show_failed(outcome: Outcome, screen: Screen) -> None:
    """One failure: what, where, why it matters, what to do."""
    rule = outcome.rule
    label = screen.style(f"{outcome.level}[{rule.id}]:", outcome.level)
    screen.line(f"{label} expected: {rule.title}")
    for detail in outcome.details:
        screen.line(f"  = found: {shown(detail)}")
    screen.line(f"  = why: {rule.why}")
    screen.line(f"  = help: {rule.mend}")
    screen.line()


def signature_line(subject: Subject) -> str:
    """Whether it is signed, and by whom."""
    from bpfcc.compat.image.authenticode import Signature

    found = subject.signature
    if found is None:
        return "not signed"
    if not isinstance(found, Signature):
        return "its signature cannot be read"
    status = subject.verification.status if subject.verification is not None else "invalid"
    return f"signed by {shown(found.signer)} ({status})"


def show_against(found: dict[str, Any] | None, screen: Screen) -> None:
    """What building it again found."""
    if found is None:
        return
    if found["status"] != "same-code" or screen.verbose:
        for each in found["differences"]:
            screen.line(f"  = {shown(each)}")
    source = shown(found["source"])
    if found["status"] == "same":
        screen.line(f"{screen.style('the same bytes', 'good')} are made of {source}, which the verifier accepts")
    elif found["status"] == "same-code":
        screen.line(f"{screen.style('the same code', 'good')} is made of {source}, which the verifier accepts; only digests differ:")
        screen.line("the record names another object, compiled in another place or of a source that differs in nothing that runs")
        screen.line("(give that object to compare every byte)")
    elif found["status"] == "differs":
        screen.line(f"{screen.style('not', 'bad')} what {source} gives")
    else:
        screen.line(f"{source} is {screen.style('not accepted', 'bad')} by the verifier")


# ---- sign


@command.command("sign", epilog=SIGN_EPILOG)
@click.argument("path", metavar="FILE", type=PATH)
@click.option("--cert", "certificate", type=PATH, metavar="PEM|PFX", help="The signer's certificate (PFX: with its key).")
@click.option("--key", type=PATH, metavar="PEM", help="Its private key.")
@click.option("--password-file", "password", type=PATH, metavar="FILE", help="Holds the password of key or PFX.")
@click.option("--self-made", is_flag=True, help="A test certificate of your own, made the first time and kept in the cache directory.")
@click.option("--unchecked", is_flag=True, help="Sign what `bpfcc image check` rejects, too.")
@platform_option
@click.option("-o", "--output", type=PATH, metavar="OUT", help="Output file (default: FILE itself).")
@common
def sign(
    path: Path, *, certificate: Path | None, key: Path | None, password: Path | None, self_made: bool, unchecked: bool,
    platform: str, output: Path | None, screen: Screen,
) -> int:  # fmt: skip
    """Sign FILE with osslsigncode (Authenticode, SHA-256), and verify the signature."""
    from bpfcc.compat.image.subject import examine
    from bpfcc.frontend.clang import write_atomically

    if self_made == (certificate is not None):
        raise click.UsageError("say who signs: either --cert (with --key, or a PFX file), or --self-made for a test certificate")
    data = read(path)
    bad = unfit_to_sign(examine(data, name=str(path), platform=platform))
    if bad and not unchecked:
        for each in bad:
            show_failed(each, screen)
        screen.note("nothing is signed; --unchecked signs it all the same")
        return EXIT_REJECTED
    identity = chosen_identity(certificate, key, password)
    with screen.busy(f"signing {path}"):
        signed = signed_bytes(data, identity, str(path), screen)
        after = examine(signed, name=str(path), trust=None if self_made or key is None else certificate)
    write_atomically(output or path, expect_signed(after))
    screen.note(f"wrote {output or path} ({len(signed)} bytes), {signature_line(after)}")
    if self_made:
        screen.note(f"the certificate is {identity.certificate}: good for test machines in test-signing mode, and nowhere else")
    return EXIT_OK


def unfit_to_sign(subject: Subject) -> list[Outcome]:
    """The errors. Not one of them: a signature of this very image that does not count, which the new one replaces."""
    from bpfcc.compat.image.authenticode import Signature
    from bpfcc.compat.image.rules import apply

    found = [each for each in apply(subject) if each.status == "failed" and each.level == "error"]
    intact = isinstance(subject.signature, Signature) and subject.signature.intact
    return [each for each in found if each.rule.id != "signature" or not intact or subject.verification is not None]


def signed_bytes(data: bytes, identity: Identity, name: str, screen: Screen) -> bytes:
    """The image with its signature; with -v all that the tool said where it refused."""
    from bpfcc.compat.image.signing import SigningError, sign

    try:
        return sign(data, identity, name=name)
    except SigningError as error:
        if screen.verbose:
            screen.error_line(shown_lines(error.raw))
        raise


def shown_lines(text: str) -> str:
    """Lines of a tool, fit for a terminal."""
    return "\n".join(f"  | {shown(line)}" for line in text.splitlines())


def chosen_identity(certificate: Path | None, key: Path | None, password: Path | None) -> Identity:
    """Who signs; the test certificate where none is named. InputError for files that are not there."""
    from bpfcc.compat.image.signing import Identity, self_made
    from bpfcc.frontend.toolchain import default_cache_dir

    if certificate is None:
        cache = default_cache_dir()
        if cache is None:
            raise InputError("there is no home directory to keep a test certificate in; set BPFCC_CACHE_DIR")
        return self_made(cache)
    for path in (certificate, key, password):
        if path is not None and not path.is_file():
            raise InputError("there is no such file", file=str(path))
    if key is None and certificate.suffix.lower() not in (".pfx", ".p12"):
        raise click.UsageError("--cert without --key has to be a PFX file (.pfx, .p12)")
    return Identity(certificate, key, password)


def expect_signed(subject: Subject) -> bytes:
    """The bytes, once the signature holds. InputError where it does not: nothing is written then."""
    from bpfcc.compat.image.authenticode import Signature

    found, verification = subject.signature, subject.verification
    if not isinstance(found, Signature) or found.problems or verification is None or verification.status == "invalid":
        reason = "it is not there" if found is None else found if isinstance(found, str) else "; ".join(found.problems)
        reason = reason or (verification.text if verification is not None else "it does not cover the image")
        raise InputError(f"the new signature does not verify: {reason}", file=subject.image.name)
    return subject.image.data


# ---- install-script


@command.command("install-script")
@click.argument("path", metavar="FILE", type=PATH)
@click.option("-o", "--output", metavar="OUT.ps1", help="Output file, - for standard output (default: FILE with .ps1).")
@platform_option
@common
def install_script(path: Path, *, output: str | None, platform: str, screen: Screen) -> int:
    """Write the PowerShell that tries, loads, attaches and removes FILE on a test machine."""
    from bpfcc.compat.image.attach import attachments
    from bpfcc.compat.image.install import install_script as script
    from bpfcc.compat.image.rules import apply
    from bpfcc.compat.image.subject import examine
    from bpfcc.frontend.clang import write_atomically

    subject = examine(read(path), name=str(path), platform=platform)
    target = Path(output) if output not in (None, "-") else path.with_suffix(".ps1")
    text = script(subject, called=target.name)
    if output == "-":
        sys.stdout.write(text.replace("\r\n", "\n"))
        return EXIT_OK
    if target.exists() and target.samefile(path):
        raise InputError("the script would take the place of the image; name another file with -o", file=str(path))
    write_atomically(target, text.encode("ascii"))
    broken = [each.rule.id for each in apply(subject) if each.status == "failed" and each.level == "error"]
    if broken:
        screen.note(f"`bpfcc image check` rejects it ({', '.join(broken)}): Windows may not load it, or should not")
    for each in attachments(subject):
        if not each.attach:
            screen.note(f"Load does not attach {each.program.name}: {shown(each.reason)} (-Program chooses)")
    again = ": after signing, write it again" if subject.signature is None else ""
    screen.note(f"wrote {target}, for this very image ({signature_line(subject)}){again}")
    return EXIT_OK
