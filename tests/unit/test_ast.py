"""Questions about C source that libclang answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.frontend.ast import Field, Name, SourceTree
from bpfcc.frontend.clang import CompileOptions

SOURCE: Final = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct flow {
	__u32 saddr;
	struct { __u16 port; } inner;
	struct named { int deep; } second;
};
static int half(const char *text, unsigned count)
{
	int result = COUNT;
	for (int i = 0; i < 3; i++)
		result += i;
	return result;
}
SEC("xdp") int filter(struct xdp_md *ctx) { struct flow *found = 0; return half("x", ctx->data) + (found != 0); }
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "ast.bpf.c"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture
def tree(source: Path) -> SourceTree:
    return SourceTree.parse(source, CompileOptions(defines=("COUNT=4",)))


def test_the_function_at_a_line(tree: SourceTree, source: Path) -> None:
    found = tree.function_at(source, 12)
    assert found is not None
    assert (found.name, found.first_line, found.last_line) == ("half", 8, 14)
    assert found.parameters == (Name("text", "const char *", 8), Name("count", "unsigned int", 8))
    assert found.locals == (Name("result", "int", 10), Name("i", "int", 11))
    assert tree.function_at(source, 4) is None
    assert tree.function_at("other.c", 12) is None
    assert [f.name for f in tree.functions(source)] == ["half", "filter"]


def test_variables_by_name(tree: SourceTree, source: Path) -> None:
    assert tree.variable_at(source, 12, "i") == Name("i", "int", 11)
    assert tree.variable_at(source, 15, "found") == Name("found", "struct flow *", 15)
    assert tree.variable_at(source, 15, "ctx") == Name("ctx", "struct xdp_md *", 15)
    assert tree.variable_at(source, 15, "result") is None
    assert tree.variable_at(source, 4, "i") is None


def test_fields_by_line(tree: SourceTree, source: Path) -> None:
    assert tree.field_at(source, 4) == Field("flow", "saddr", "__u32", 4)
    assert tree.field_at(source, 6) == Field("named", "deep", "int", 6) or tree.field_at(source, 6) == Field(
        "flow", "second", "struct named", 6
    )
    nested = tree.field_at(source, 5)
    assert nested is not None
    assert nested.name in {"port", "inner"}
    assert tree.field_at(source, 10) is None


def test_options_reach_the_parser(source: Path, tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "more.h").write_text("struct more { int x; };\n")
    source.write_text('#include "more.h"\nint f(struct more *m) { return m->x; }\n')
    tree = SourceTree.parse(source, CompileOptions(include_dirs=(str(tmp_path / "inc"),)))
    assert tree.variable_at(source, 2, "m") == Name("m", "struct more *", 2)
    assert tree.field_at(tmp_path / "inc" / "more.h", 1) == Field("more", "x", "int", 1)


def test_source_with_errors_still_answers(source: Path) -> None:
    source.write_text("int f(int a) { return nothing; }\n")
    found = SourceTree.parse(source).function_at(source, 1)
    assert found is not None
    assert found.parameters == (Name("a", "int", 1),)


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        SourceTree.parse(tmp_path / "nothing.c")


@pytest.mark.parametrize("hidden", ["clang", "clang.cindex"])
def test_without_libclang_the_capability_is_named(source: Path, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    for module in [name for name in sys.modules if name == "clang" or name.startswith("clang.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(UnsupportedError, match="pip install libclang") as caught:
        SourceTree.parse(source)
    assert caught.value.feature == "libclang"


def test_a_library_that_does_not_load_is_named(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clang import cindex

    def broken() -> None:
        raise cindex.LibclangError("wrong machine")

    monkeypatch.setattr(cindex.Index, "create", staticmethod(broken))
    with pytest.raises(UnsupportedError, match="wrong machine"):
        SourceTree.parse(source)
