"""The modules of the domain, loaded again: at another word size, on symbols, or deliberately wrong.

    small = load(bits=8, half=4, byte=2)                         the functions of the product, at eight bits
    small.arith.add(...)
    load(8, 4, 2, symbolic=True)                                 the same, for operands that are z3 terms
    load(8, 4, 2, change={"arith": [("hi = a.umax + b.umax", "hi = a.umax")]})

What is executed is the source text of `verifier/domains`. For symbols it is rewritten on its syntax tree, so that a run forks less:
an `if` whose branches only assign names, a conditional expression, `and`, `or`, `not` and a chain of comparisons compute both sides
and select, where both sides are numbers (`bpfcc`'s functions have no effects, so that is the same). Nothing else changes, and
`test_loader.py` runs the rewritten functions on plain integers against the originals.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import bpfcc.verifier.domains as package
from tests.proofs import selection
from tests.proofs import symbolic as symbolic_terms

MODULES = ("word", "number", "reduction", "lattice", "bits", "arith", "refine", "widen", "scalar")
FOLDER = Path(package.__file__ or "").parent
PREFIX = package.__name__
Changes = Mapping[str, Sequence[tuple[str, str]]]


class _Words(ast.NodeTransformer):
    """Give the constants of `word` other values."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.found: set[str] = set()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if isinstance(node.target, ast.Name) and node.target.id in self.sizes:
            assert isinstance(node.value, ast.Constant)
            node.value = ast.copy_location(ast.Constant(self.sizes[node.target.id]), node.value)
            self.found.add(node.target.id)
        return node


def _assigned(statements: Sequence[ast.stmt]) -> set[str] | None:
    """The names that statements assign; None where they do anything else."""
    names: set[str] = set()
    for statement in statements:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AugAssign):
            targets = [statement.target]
        elif isinstance(statement, ast.If):
            inner = _assigned(statement.body)
            rest = _assigned(statement.orelse)
            if inner is None or rest is None:
                return None
            names |= inner | rest
            continue
        else:
            return None
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if not isinstance(part, ast.Name):
                    return None
                names.add(part.id)
    return names


def _thunk(body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]), body)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


class _Merge(ast.NodeTransformer):
    """Select instead of branching, wherever both sides only compute."""

    def __init__(self, forking: Collection[str]) -> None:
        self.count = 0
        self.forking = forking

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node if node.name in self.forking else self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return _call("select_ite", node.test, _thunk(node.body), _thunk(node.orelse))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        return _call("select_both" if isinstance(node.op, ast.And) else "select_either", *map(_thunk, node.values))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return _call("select_negation", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        lefts = [node.left, *node.comparators]
        links: list[ast.expr] = []
        for left, op, right in zip(lefts, node.ops, node.comparators, strict=False):
            if isinstance(op, (ast.Eq, ast.NotEq)):
                link: ast.expr = _call("select_equal", left, right)
                links.append(_call("select_negation", link) if isinstance(op, ast.NotEq) else link)
            else:
                links.append(ast.Compare(left, [op], [right]))
        return links[0] if len(links) == 1 else _call("select_both", *map(_thunk, links))

    def visit_If(self, node: ast.If) -> Any:
        names = _assigned([node])
        self.generic_visit(node)
        if names is None:
            return node
        self.count += 1
        ordered = sorted(names)
        result = ast.Return(ast.Tuple([ast.Name(name, ast.Load()) for name in ordered], ast.Load()))
        branches = [self._branch(f"__then_{self.count}", ordered, [*node.body, result])]
        branches.append(self._branch(f"__else_{self.count}", ordered, [*node.orelse, result]))
        values = [_call("select_bound_or_not", _thunk(ast.Name(name, ast.Load()))) for name in ordered]
        chosen = _call(
            "select_merge", node.test, *(ast.Name(branch.name, ast.Load()) for branch in branches), ast.Tuple(values, ast.Load())
        )
        return [*branches, ast.Assign([ast.Tuple([ast.Name(name, ast.Store()) for name in ordered], ast.Store())], chosen)]

    @staticmethod
    def _branch(name: str, names: Sequence[str], body: list[ast.stmt]) -> ast.FunctionDef:
        arguments = ast.arguments(posonlyargs=[], args=[ast.arg(n) for n in names], kwonlyargs=[], kw_defaults=[], defaults=[])
        made = ast.parse("def f(): pass").body[0]
        assert isinstance(made, ast.FunctionDef)
        made.name, made.args, made.body = name, arguments, body
        return made


SELECTIONS: Mapping[str, Any] = {
    "select_ite": symbolic_terms.ite,
    "select_both": selection.both,
    "select_either": selection.either,
    "select_negation": symbolic_terms.negation,
    "select_equal": selection.equal,
    "select_merge": selection.merge_branches,
    "select_bound_or_not": selection.bound_or_not,
}


class Domain:
    """One loaded copy: its modules by name, and its word sizes."""

    word: Any
    number: Any
    reduction: Any
    lattice: Any
    bits: Any
    arith: Any
    refine: Any
    widen: Any
    scalar: Any

    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        self.modules = modules
        for name, module in modules.items():
            setattr(self, name, module)

    def replace(self, name: str, stand_in: Any) -> Any:
        """Put `stand_in` wherever a module of this copy means `name`; returns what was there. Tables keep what they hold."""
        originals = [vars(module)[name] for module in self.modules.values() if name in vars(module)]
        assert originals, name
        for module in self.modules.values():
            if name in vars(module):
                vars(module)[name] = stand_in
        return originals[0]


def _source(name: str, change: Changes) -> str:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    for old, new in change.get(name, ()):
        assert source.count(old) >= 1, f"{name} has no {old!r} to change"
        source = source.replace(old, new)
    return source


def load(
    bits: int,
    half: int,
    byte: int,
    *,
    symbolic: bool = False,
    merge: bool | None = None,
    forking: Collection[str] = (),
    change: Changes | None = None,
) -> Domain:
    """A copy of the domain at this word size. `change` replaces text; `merge` is on for symbols, but not in the functions `forking`."""
    tag = f"proof_{bits}_{'symbolic' if symbolic else 'plain'}"
    loaded: dict[str, ModuleType] = {}

    def find(name: str, globals_: Any = None, locals_: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name == PREFIX:
            return _Namespace(loaded)
        if name.startswith(PREFIX + "."):
            return loaded[name.rpartition(".")[2]]
        if symbolic and name == "math":
            return _Namespace({"gcd": selection.divisor_of})
        return builtins.__import__(name, globals_, locals_, fromlist, level)

    names = dict(vars(builtins), __import__=find)
    if symbolic:
        names.update(min=selection.least, max=selection.greatest)
    for name in MODULES:
        tree: ast.AST = ast.parse(_source(name, change or {}))
        if name == "word":
            words = _Words({"BITS": bits, "HALF": half, "BYTE": byte})
            tree = words.visit(tree)
            assert words.found == {"BITS", "HALF", "BYTE"}
        if symbolic if merge is None else merge:
            tree = _Merge(forking).visit(tree)
        module = ModuleType(f"{tag}.{name}")
        vars(module).update(SELECTIONS, __builtins__=names)
        loaded[name] = module
        # Classes ask for the module they are made in.
        sys.modules[module.__name__] = module
        exec(compile(ast.fix_missing_locations(tree), f"<{tag} {name}>", "exec"), vars(module))  # type: ignore[arg-type]  # noqa: S102
        del sys.modules[module.__name__]
    domain = Domain(loaded)
    if symbolic:
        domain.replace("inverse", selection.inverse_of)
        domain.replace("_CONSTANTS_KEPT", 0)
    return domain


class _Namespace:
    """What an import statement takes its names from."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        vars(self).update(names)
