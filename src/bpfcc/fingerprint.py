"""What a verdict depends on besides its program: the key that it is cached under.

    base = surroundings(rules, sha256(object), target_btf=None)         the same for every program of an object
    program_key(base, program, program.ir_digest)

The IR's text holds relocated code, map definitions, frozen data and source lines. To it come the platform's table, the options, the
types that the object and the kernel have, and the digest of every file that has a say in verdicts: a verifier that was changed
believes nothing that another one said.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bpfcc.errors import InputError
from bpfcc.verdict_cache import key_of

if TYPE_CHECKING:
    from bpfcc.judgement import Rules
    from bpfcc.program import Program

VERSION: Final = "bpfcc.verdict/1"
# Folders (beside this file, or the parts at top level) and files whose code or data decide what a verdict says.
PARTS: Final = ("verifier", "bpfir", "runtime/specs", "frontend", "explain", "types", "counterexamples")
FILES: Final = ("judgement.py", "fingerprint.py", "smt.py", "hints.py", "pipeline.py", "program.py")
SUFFIXES: Final = frozenset({".py", ".json", ".toml"})
SHIPPED: Final = frozenset({"linux", "windows"})


def engine_files() -> list[Path]:
    """Every file that decides what a verdict says, in an order that does not depend on the system."""
    root = Path(__file__).parent
    found = [root / name for name in FILES if (root / name).is_file()]
    for part in PARTS:
        for folder, _, names in os.walk(folder_of(part)):
            found += [Path(folder, name) for name in names if os.path.splitext(name)[1] in SUFFIXES]  # noqa: PTH122 - of hundreds
    return sorted(found, key=str)


def folder_of(part: str) -> Path:
    """Where a part of the package lies, installed or in a checkout."""
    from importlib.util import find_spec

    top, _, rest = part.partition("/")
    spec = find_spec(f"bpfcc.{top}")
    if spec is None or not spec.submodule_search_locations:
        return Path(__file__).parent / part
    return Path(next(iter(spec.submodule_search_locations)), rest)


@cache
def engine_digest() -> str:
    """SHA-256 of those files, of the Python that runs them, and of the solver's version."""
    from bpfcc.smt import solver_version

    digest = hashlib.sha256()
    for path in engine_files():
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode() + content)
    digest.update(f"{sys.version_info[:2]} {sys.byteorder} {platform.machine()} z3 {solver_version()}".encode())
    return digest.hexdigest()


def rules_text(rules: Rules) -> str:
    """The rules as text: the same for equal ones, and only for those."""
    return json.dumps(rules_record(rules), sort_keys=True)


def rules_record(rules: Rules) -> dict[str, Any]:
    """The rules as JSON has them; `rules_of` is the inverse."""
    options = asdict(rules.options)
    options |= {name: sorted(options[name]) for name in ("deny", "warn")}
    return {"platform": rules.platform, "explain": rules.explain, "options": options, "port": rules.port}


def rules_of(record: dict[str, Any]) -> Rules:
    """Rules from their record, which is trusted."""
    from bpfcc.judgement import Rules
    from bpfcc.verifier.options import Budget, Options

    options = dict(record["options"])
    options |= {name: frozenset(options[name]) for name in ("deny", "warn")}
    options["budget"] = Budget(**options["budget"])
    return Rules(record["platform"], Options(**options), record["explain"], record["port"])


def platform_digest(reference: str) -> str:
    """Of a user's own table the content; those that come with the package are among `engine_files`."""
    if reference in SHIPPED:
        return reference
    try:
        return hashlib.sha256(Path(reference).read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=reference) from error


def kernel_digest(target_btf: bytes | None) -> str:
    """The kernel whose types are used: a file's content, else the running one's release and build."""
    if target_btf is not None:
        return hashlib.sha256(target_btf).hexdigest()
    system = platform.uname()
    return f"{system.system} {system.release} {system.version} {system.machine}"


def surroundings(rules: Rules, object_digest: str, target_btf: bytes | None = None) -> str:
    """The part of a key that all programs of an object share. `object_digest` is "" for a program without one."""
    return key_of(VERSION, engine_digest(), rules_text(rules), platform_digest(rules.platform), kernel_digest(target_btf), object_digest)


def about(program: Program) -> list[str | bool | None]:
    """What a verdict depends on that is not in the IR."""
    named = [program.name, program.section, program.type, program.attach_type, program.attach_target]
    return [*named, program.sleepable, program.license]


def program_key(base: str, described: list[str | bool | None], ir_digest: str) -> str:
    """The key of one program's verdict; `described` is `about(program)`."""
    return key_of(base, json.dumps(described), ir_digest)
