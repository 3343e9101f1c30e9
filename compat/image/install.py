"""PowerShell that tries, loads, attaches and removes an image on a test machine.

    text = install_script(subject)          for firewall.sys: firewall.ps1

Load attaches what `attach.py` chooses, or what -Program names.
The text is ASCII. What comes from the image or its name gets into it as quoted strings only, and only if tools on Windows take such names.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from bpfcc.compat.image.attach import attachments
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from bpfcc.compat.image.subject import Subject

TEMPLATE: Final = "install.ps1.j2"
# What programs and sections may be called: they become arguments of netsh.
NAME: Final = re.compile(r"[A-Za-z0-9_.~:/-]{1,63}")
# What files cannot be called on Windows.
NO_FILE_NAME: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]|[. ]$|^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)', re.IGNORECASE)
# What scripts can be called in their own help, where nothing quotes it.
SCRIPT_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
NO_SERVICE_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
SERVICE_LENGTH: Final = 60
# PowerShell takes all of these for a single quote.
QUOTES: Final = re.compile("['\u2018-\u201b]")
PLAIN: Final = re.compile(r"[ -~]*")


def quote(text: str) -> str:
    """A PowerShell expression for the text: a single-quoted string, or one that decodes what is not ASCII."""
    if PLAIN.fullmatch(text):
        return "'" + QUOTES.sub(lambda found: found[0] * 2, text) + "'"
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode()
    return f"([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded}')))"


def service_name(file: str) -> str:
    """Of the driver service: letters, digits, dash and underscore."""
    stem = NO_SERVICE_NAME.sub("_", PurePath(file).stem).strip("_") or "image"
    return f"bpfcc_{stem}"[:SERVICE_LENGTH]


def script_name(file: str, called: str | None) -> str:
    """Of the script itself, as its help has it."""
    name = called or PurePath(file).stem + ".ps1"
    return name if SCRIPT_NAME.fullmatch(name) else "install.ps1"


def install_script(subject: Subject, *, called: str | None = None) -> str:
    """The script, for a file of the name `called`. UnsupportedError for a library, InputError where names cannot be passed on."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    image = subject.image
    if image.kind != "sys":
        raise UnsupportedError(
            "installing libraries", "only a driver (.sys) is installed; a library is for tools and tests", file=image.name
        )
    file = PurePath(image.name).name
    if NO_FILE_NAME.search(file) or not file:
        raise InputError(f"a file cannot be called {file!r} on Windows; rename it first")
    if not subject.metadata.programs:
        raise InputError("there are no programs in it; see `bpfcc image check`", file=image.name)
    for each in subject.metadata.programs:
        for text in (each.name, each.section):
            if not NAME.fullmatch(text):
                raise InputError(f"the name {text!r} cannot be passed to netsh", file=image.name)
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader,
        autoescape=False,  # noqa: S701 - it is PowerShell, and every name goes through `quote`
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["ps"] = quote
    text = environment.get_template(TEMPLATE).render(
        file=file, sha256=hashlib.sha256(image.data).hexdigest().upper(), service=service_name(file), programs=attachments(subject),
        script=script_name(file, called),
    )  # fmt: skip
    return text.replace("\n", "\r\n")
