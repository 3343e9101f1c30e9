"""Tests of one back end are tests of all: a file that asks for it runs once for each.

    back_end = each_back_end(__name__, "tests.interp_harness")

That makes a fixture that every test of the file uses; the name `Interpreter` means another back end then, in the modules named.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from bpfcc.backends.base import load_backend

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("interp", "llvm", "aot")


def each_back_end(*modules: str) -> Any:
    """The fixture."""

    @pytest.fixture(params=NAMES, autouse=True)
    def back_end(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        name: str = request.param
        for module in modules:
            monkeypatch.setattr(sys.modules[module], "Interpreter", lambda: load_backend(name))
        yield name

    return back_end
