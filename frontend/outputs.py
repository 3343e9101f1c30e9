"""Files that are written: what is at the path afterwards is either what was there or complete.

with atomic_output(Path("out.o")) as stream:
    stream.write(data)              out.o appears, or changes, when the block has ended well
"""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def atomic_output(output: Path) -> Iterator[BinaryIO]:
    """A stream whose content becomes `output`. A link stays one; a device or pipe is written to, never replaced.

    InputError: it cannot be written (also when the disk is full, or the reader of a pipe has gone).
    """
    target = Path(os.path.realpath(output))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        in_place = target.exists() and not target.is_file()
        with target.open("wb") if in_place else temporary.open("xb") as stream:
            yield stream
        if not in_place:
            temporary.replace(target)
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", file=str(output)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
