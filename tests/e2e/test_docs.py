"""The documentation: code that is run, parts that are generated, links that lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bpfcc.cli.app import run

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as wide as they like, whatever terminal the tests are run in."""
    monkeypatch.setenv("COLUMNS", "140")


def blocks(kind: str) -> list[pytest.param]:
    """Every block of that language, named by its page and line."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[1] == kind:
                line = text.count("\n", 0, match.start()) + 1
                found.append(pytest.param(match[2], id=f"{page.relative_to(ROOT).as_posix()}:{line}"))
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a block is run: where the sources are that its page shows, if it names one of them, else in the checkout."""
    page = ROOT / request.node.callspec.id.rpartition(":")[0]
    shown = sources(page.read_text(encoding="utf-8"))
    folder = tmp_path if any(name in request.node.callspec.params["text"] for name in shown) else ROOT
    if folder is tmp_path:
        for name, code in shown.items():
            (tmp_path / name).write_text(code, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def sources(page: str) -> dict[str, str]:
    """Blocks of C that begin with the name of a file."""
    found = [(re.match(r"// ([\w.]+\.c)\n", match[2]), match[2]) for match in BLOCK.finditer(page) if match[1] == "c"]
    return {name[1]: code for name, code in found if name is not None}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("text", blocks("console"))
def test_console(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, _, expected = text.partition("\n")
    words = shlex.split(first.removeprefix("$ "))
    assert words[0] == "bpfcc"
    assert run(words[1:]) == (1 if ": rejected: " in expected else 0)
    assert matches(expected, capsys.readouterr().out)


def test_sources_of_a_page() -> None:
    page = "```c\n// a.bpf.c\nint x;\n```\n```c\nint y;\n```\n```text\n// b.c\n```\n"
    assert sources(page) == {"a.bpf.c": "// a.bpf.c\nint x;\n"}


# How many instructions there are is the compiler's business, and how long judging takes the machine's.
COUNTED = re.compile(r"\d+ instructions, at most [\d,]+ executed, (.*), [\d.]+ [mµ]?s$", re.MULTILINE)


def matches(expected: str, output: str) -> bool:
    """Whether every line stands in the output in that order; `…` stands for any number of lines."""
    expected, output = (COUNTED.sub(r"… instructions, at most … executed, \1, … ms", text) for text in (expected, output))
    rest = output.splitlines()
    anywhere = False
    for line in expected.splitlines():
        if line == "…":
            anywhere = True
            continue
        if not anywhere and (not rest or rest[0] != line):
            return False
        if line not in rest:
            return False
        rest = rest[rest.index(line) + 1 :]
        anywhere = False
    return anywhere or not rest


def test_the_console_matcher_refuses() -> None:
    assert matches("a\n…\nc\n…\n", "a\nb\nc\nd")
    assert matches("a\n", "a\n")
    assert matches("x: 4 instructions, at most 9 executed, no stack, 1.2 ms", "x: 5 instructions, at most 11 executed, no stack, 3 s")
    assert matches("x: 4 instructions, at most 9 executed, no stack, 1.2 ms", "x: 4 instructions, at most 9 executed, no stack, 797 µs")
    assert not matches("x: 4 instructions, at most 9 executed, no stack, 1 ms", "x: 4 instructions, at most 9 executed, a stack, 1 ms")
    for expected in ("b\n…\n", "a\n", "a\nc\n…\n", "a\n…\nx\n", "…\nb\n"):
        assert not matches(expected, "a\nb\nc\n")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date() -> None:
    made = generator()
    page = (ROOT / "docs/ir.md").read_text(encoding="utf-8")
    assert made.updated(page) == page, "run `python docs/generate.py`"


def test_the_differences_that_twins_show_are_all_there() -> None:
    made = generator()
    page = made.LINUX.read_text(encoding="utf-8")
    assert made.replaced(page, made.LINUX_BEGIN, made.LINUX_END, made.twins_table()) == page, "run `python docs/generate.py`"
    for path in made.TWINS.glob("*/*.[cs]"):
        assert (f"`{path.parent.name}/{path.stem}`" in page) == (made.twin_header(path)["kernel"] in made.SAYS), path


def test_an_outdated_part_is_noticed() -> None:
    made = generator()
    page = (ROOT / "docs/ir.md").read_text(encoding="utf-8")
    changed = page.replace("| `exit {value}` |", "| `leave {value}` |")
    assert changed != page
    assert made.updated(changed) == page


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", ["threat-model.md", "verifier.md", "architecture.md"])
def test_named_paths_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|verifier|src|runtime|bench)/[\w/]*(?:\.\w+)?)`", text))
    assert named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_numbers_of_the_readme(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What README shows of the example is what comes out, but for time and instruction count."""
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.findall(r"```sh\n(.*?)\n```", readme, re.DOTALL)[0]
    words = shlex.split(first.partition("&& bpfcc ")[2])
    assert run(words) == 0
    shown = next(match[2] for match in BLOCK.finditer(readme) if match[1] == "text")
    timeless = re.compile(r"^[\d,.]+ [nµ]s per packet \(verified: at most [\d,]+", re.MULTILINE)
    output, shown = timeless.sub("…", capsys.readouterr().out), timeless.sub("…", shown)
    assert matches(shown, output)


def test_the_capture_is_what_its_script_makes(tmp_path: Path) -> None:
    output = tmp_path / "traffic.pcap"
    subprocess.run([sys.executable, str(ROOT / "examples/make_capture.py"), str(output)], check=True, capture_output=True)
    assert output.read_bytes() == (ROOT / "examples/traffic.pcap").read_bytes()
