"""What holds for the whole source tree: layers, sizes, names; and that each of these guards can refuse."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("frontend", "bpfir", "verifier", "backends", "runtime", "compat")
MODULE_LINES = 600
FUNCTION_LINES = 60
# Data that happens to be Python: one entry a line, nothing to understand.
DATA_TABLES = {"bpfir/ops.py", "bpfir/isa_table.py"}

# Low to high; a module may import from its own layer and from those before it. More than one prefix: they are equals.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("bpfcc.errors", "bpfcc.diagnostics"),
    ("bpfcc.bpfir",),
    ("bpfcc.runtime.specs",),
    ("bpfcc.frontend", "bpfcc.verifier", "bpfcc.runtime"),
    ("bpfcc.backends",),
    ("bpfcc.compat",),
)
TOP = len(LAYERS)
# A package without code: the place of the header trees, which everybody may read.
DATA_PACKAGES = {"bpfcc.compat"}


class Import(NamedTuple):
    """An import that happens at run time (not only for type checkers)."""

    module: str
    line: int


def sources() -> Iterator[tuple[str, Path]]:
    """(module name, path) of every module of the package."""
    for folder, prefix in [*((ROOT / part, f"bpfcc.{part}") for part in PARTS), (ROOT / "src/bpfcc", "bpfcc")]:
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder)
            if folder.name == "bpfcc" and relative.parts[0] in PARTS:
                continue
            names = [*relative.parts[:-1], *([] if path.stem == "__init__" else [path.stem])]
            yield ".".join([prefix, *names]), path


def imports(tree: ast.AST) -> Iterator[Import]:
    """Imports that are executed, wherever they stand."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                yield Import(f"{node.module}.{alias.name}", node.lineno)
        else:
            yield from imports(node)


def layer_of(module: str) -> int:
    """The layer of a module; the longest prefix decides. What is in no layer is wiring, above all."""
    matches = [
        (len(prefix), level) for level, prefixes in enumerate(LAYERS) for prefix in prefixes if (module + ".").startswith(prefix + ".")
    ]
    return max(matches)[1] if matches else TOP


def layer_violations(module: str, source: str) -> list[str]:
    """Imports of `module` that go up, or sideways into an equal layer's other package."""
    found = []
    for wanted in imports(ast.parse(source)):
        if not wanted.module.startswith("bpfcc.") or wanted.module.startswith("bpfcc.__") or wanted.module in DATA_PACKAGES:
            continue
        if layer_of(wanted.module) > layer_of(module):
            found.append(f"{module}:{wanted.line} imports {wanted.module}, which is above it")
    return found


def long_functions(source: str) -> list[str]:
    """Functions of more than `FUNCTION_LINES` lines."""
    return [
        f"{node.name} ({(node.end_lineno or 0) - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]


def short_names(source: str) -> list[str]:
    """Imports of a part by its short name, which would make a second copy of every class."""
    return [f"line {i.line}: {i.module}" for i in imports(ast.parse(source)) if i.module.split(".")[0] in PARTS]


# Where C calls Python: an exception must not go through, and is raised again behind the call.
CALLED_FROM_C = {"runtime/state.py": 1}


def broad_handlers(source: str) -> list[int]:
    """Lines of `except:` and `except Exception` (and BaseException)."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            names = [n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)] if node.type is not None else ["Exception"]
            if {"Exception", "BaseException"} & set(names):
                lines.append(node.lineno)
    return lines


MODULES = dict(sources())


def test_all_parts_are_seen() -> None:
    assert {name.split(".")[1] for name in MODULES if name.count(".") > 0} >= {*PARTS, "cli", "isolate", "errors"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module(module: str) -> None:
    path = MODULES[module]
    source = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    assert layer_violations(module, source) == []
    assert short_names(source) == []
    assert len(broad_handlers(source)) == CALLED_FROM_C.get(name, 0)
    assert long_functions(source) == []
    if name not in DATA_TABLES:
        assert source.count("\n") <= MODULE_LINES, f"{name} is too long"
    assert ast.get_docstring(ast.parse(source)), f"{name} has no docstring"
    assert not re.search(r"#\s*type:\s*ignore(?!\[)", source), f"{name} has a type: ignore without a reason"
    assert "assert False" not in source


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_tests_use_long_names(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert short_names(source) == []
    assert ast.get_docstring(ast.parse(source)) or path.name == "__init__.py", "no docstring"


class TestGuardsRefuse:
    """Each guard above, given what it must refuse."""

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("bpfcc.bpfir.lift", "from bpfcc.frontend.objects import load"),
            ("bpfcc.errors", "import bpfcc.bpfir.ops"),
            ("bpfcc.runtime.specs.helpers", "from bpfcc.runtime.maps import Map"),
            ("bpfcc.frontend.clang", "def f():\n    from bpfcc.backends import interp"),
            ("bpfcc.backends.interp", "from bpfcc.cli import main"),
            ("bpfcc.verifier.state", "from bpfcc.pipeline import lift_bytecode"),
            ("bpfcc.frontend.clang", "import bpfcc.compat.headers"),
        ],
    )
    def test_layers(self, module: str, source: str) -> None:
        assert layer_violations(module, source)

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("bpfcc.bpfir.lift", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bpfcc.frontend.objects import load"),
            ("bpfcc.runtime.maps.typed", "from bpfcc.runtime.specs import linux"),
            ("bpfcc.cli.run", "from bpfcc.backends.interp import Interpreter"),
        ],
    )
    def test_layers_let_through(self, module: str, source: str) -> None:
        assert not layer_violations(module, source)

    def test_sizes(self) -> None:
        body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES))
        assert long_functions(f"def f():\n{body}\n")
        assert not long_functions("def f():\n    return 1\n")

    def test_short_names(self) -> None:
        assert short_names("import bpfir.ops")
        assert short_names("def f():\n    from frontend import clang")
        assert not short_names("from bpfcc.frontend import clang")

    def test_broad_handlers(self) -> None:
        for kind in ("", " Exception", " (ValueError, Exception)", " BaseException as e"):
            assert broad_handlers(f"try:\n    f()\nexcept{kind}:\n    pass\n")
        assert not broad_handlers("try:\n    f()\nexcept ValueError:\n    pass\n")

    def test_ruff_refuses_short_names_too(self) -> None:
        text = (ROOT / "ruff.toml").read_text(encoding="utf-8")
        for part in PARTS:
            assert f'"{part}".msg' in text


def run_pytest(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"}} | env
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


GOLDEN = "; test: print\nbpfir 1\nfn @main(v0) global {\nb0:\n  exit 7\n}\n; --- expected\n; something else\n"


class TestGoldenRunner:
    """The collector of tests/conftest.py, run on files of its own."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
        return tmp_path

    def test_a_difference_fails_and_says_how_to_accept(self, folder: Path) -> None:
        (folder / "a.bir").write_text(GOLDEN)
        done = run_pytest(cwd=folder)
        assert done.returncode == 1
        assert "-something else" in done.stdout
        assert "To accept: pytest --bless a.bir" in done.stdout

    def test_bless_writes_and_then_it_passes(self, folder: Path) -> None:
        (folder / "a.bir").write_text(GOLDEN)
        assert run_pytest("--bless", cwd=folder).returncode == 0
        assert "; fn @main(v0) global {" in (folder / "a.bir").read_text()
        assert run_pytest(cwd=folder).returncode == 0

    def test_bless_is_refused_in_ci(self, folder: Path) -> None:
        (folder / "a.bir").write_text(GOLDEN)
        done = run_pytest("--bless", cwd=folder, CI="true")
        assert done.returncode == 4
        assert (folder / "a.bir").read_text() == GOLDEN

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("bpfir 1\n", "the first line must be"),
            ("; test: nonsense\n; --- expected\n", "no golden command"),
            ("; test: print\nbpfir 1\n", "no line"),
        ],
    )
    def test_files_that_are_none_fail_collection(self, folder: Path, text: str, message: str) -> None:
        (folder / "a.bir").write_text(text)
        done = run_pytest(cwd=folder)
        assert done.returncode == 2
        assert message in done.stdout


def paths_named(text: str) -> set[str]:
    """Paths in backquotes that look like files or folders of the repository."""
    found = re.findall(r"`([\w.-]+(?:/[\w.*-]*)+|[\w-]+\.(?:py|md|ini|toml|json|pcap))`", text)
    return {name for name in found if "*" not in name}


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md"])
def test_paths_that_documents_name_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = paths_named(text)
    assert named, "no path found: the pattern is wrong"
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert missing == []


def test_the_path_pattern_finds_paths() -> None:
    assert paths_named("see `tests/golden/` and `tox.ini`, not `a b` or `x.y`") == {"tests/golden/", "tox.ini"}


def test_ci_calls_the_second_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(.*?)\n```", readme, re.DOTALL)
    assert len(commands) >= 2
    assert commands[1] in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
