"""Paths from a dominator to an obligation, walked forwards with facts of their own for the values of a slice.

walk = Walk(prover, start, block, op, needed, aside)
walk.explore(values)          None: no path fails; else the path, and what is wrong at its end
walk.refute(trail)            values that show that the path cannot be taken, or that nothing is wrong on it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Branch, Cast, Load, Op, Operand, Store, Value, operands
from bpfcc.bpfir.renamed import renamed
from bpfcc.verifier import facts as fa
from bpfcc.verifier.calls import next_round
from bpfcc.verifier.checks.operation import check
from bpfcc.verifier.compare import decide, refine
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.edges import cross
from bpfcc.verifier.flow import State
from bpfcc.verifier.inverse import undone
from bpfcc.verifier.places import CHANGES
from bpfcc.verifier.slices import WRITES, Cell, Slice, cells_of
from bpfcc.verifier.stack import loaded, op_may_write, stored
from bpfcc.verifier.steps import edge_state, enter, implied, step
from bpfcc.verifier.transfer import transfer
from bpfcc.verifier.view import View

if TYPE_CHECKING:
    from bpfcc.verifier.checks.problem import Problems
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact
    from bpfcc.verifier.linear import Terms
    from bpfcc.verifier.paths import Prover
    from bpfcc.verifier.solver import Facts


HEADER_STATES: Final = 24
ORDER_CODES: Final = frozenset({"V010", "V011", "V013", "V014", "V034"})
REFERENCE_CODES: Final = frozenset({"V014", "V018", "V040", "V041", "V042", "V033", "V020", "V012", "V026"})
INIT_CODES: Final = frozenset({"V002", "V034", "V024"})
LOCK_CODES: Final = frozenset({"V045", "V046", "V038", "V040", "V042"})

# Facts of one path: of values, and of places of the frame.
Overlay = dict["Value | Cell", "Scalar | Fact"]
# What a parameter, or a place of the frame, was given on the path.
Aliases = dict["Value | Cell", Operand]
WORD_BYTES: Final = 8


@final
@dataclass(frozen=True, slots=True)
class Trail:
    """How a path came here: the block, the way out of the block before, and the path before that."""

    block: Block
    before: Trail | None
    index: int


class Failed(NamedTuple):
    """A path on which the obligation is not met."""

    trail: Trail
    problems: Problems


class Spent(NamedTuple):
    """The budget ended first."""

    block: Block


def lookup(overlay: Overlay, facts: Facts) -> Any:
    get, known = overlay.get, facts.known

    def found(operand: Operand) -> Scalar | Fact:
        if type(operand) is Value:
            fact = get(operand)
            if fact is not None:
                return fact
        return known(operand)

    # For what was stored in another round: see `bpfcc.verifier.stack.ever`.
    found.ever = known  # type: ignore[attr-defined]
    return found


@final
class Walk:
    """Paths from `start` to `target`, for one obligation."""

    def __init__(self, prover: Prover, start: Block, block: Block, op: Op, needed: set[str], aside: frozenset[str]) -> None:
        self.prover = prover
        self.aside = aside
        self.unit = prover.unit
        self.start = start
        self.block = block
        self.op = op
        self.with_order = bool(needed & ORDER_CODES)
        self.with_refs = bool(needed & REFERENCE_CODES)
        self.with_init = bool(needed & INIT_CODES)
        self.with_lock = bool(needed & LOCK_CODES)
        self.reaches = self._reaching()
        innermost = prover.unit.loops.innermost.get(block)
        # Every cycle through the target passes the start, where knowledge begins anew.
        self.once = (innermost is None or start in innermost.blocks) and not prover.unit.loops.irreducible and start is not block
        self.arrived: Overlay = {}
        self.arrived_order: dict[Terms, int] = {}
        self.arrivals = 0
        # What the values of the slice are sums of.
        self.symbols: set[int] = set()

    def _reaching(self) -> set[Block]:
        """Blocks between start and target."""
        found = {self.block}
        work = [self.block]
        dominates = self.unit.dominators.dominates
        while work:
            at = work.pop()
            if at is self.start:
                continue
            for before in self.unit.dominators.predecessors[at]:
                if before not in found and dominates(self.start, before):
                    found.add(before)
                    work.append(before)
        return found

    # ---- exploring with a slice

    def explore(self, values: set[Value]) -> Failed | Spent | None:
        """None where no path fails."""
        unit, prover = self.unit, self.prover
        keep = CHANGES if self.with_refs or self.with_init or self.with_lock else _NOTHING
        cells = cells_of(unit, prover.facts, values)
        sliced = Slice(unit, values, self.op, self.block, self.reaches, keep, cells)
        self.arrived, self.arrived_order, self.arrivals = {}, {}, 0
        prover.set_aside = []
        self.symbols = {symbol for value in values for symbol, _ in prover.linear.of(value).terms}
        seen: dict[Block, set[Any]] = {}
        general: set[Block] = set()
        first = Trail(self.start, None, -1)
        stack: list[tuple[Trail, Overlay, Aliases, State]] = [
            (first, dict(prover.learned_at(self.start)), {}, self._reduced(prover.place(self.start), self.start))
        ]
        while stack:
            trail, overlay, aliases, state = stack.pop()
            block = trail.block
            live = sliced.live.get(block, _NONE)
            places = sliced.live_cells.get(block, _NONE)
            overlay = {v: f for v, f in overlay.items() if v in live or v in places}
            aliases = {v: a for v, a in aliases.items() if v in live or v in places}
            state = self._reduced(state, block)
            if block in general:
                continue
            # What is learned of a parameter further on is learned of its argument: another one makes it another path.
            key = (frozenset(overlay.items()), state.key(), frozenset(aliases.items()))
            visited = seen.setdefault(block, set())
            if key in visited:
                continue
            visited.add(key)
            if block in prover.headers and len(visited) > HEADER_STATES:
                general.add(block)
                overlay, aliases, state = {}, {}, self._reduced(prover.places[block], block)
            outcome = self._block(trail, overlay, aliases, state, sliced, stack)
            if outcome is not None:
                return outcome
        return None

    def _block(
        self, trail: Trail, overlay: Overlay, aliases: Aliases, state: State, sliced: Slice, stack: list[Any]
    ) -> Failed | Spent | None:  # fmt: skip
        block, unit, prover = trail.block, self.unit, self.prover
        chosen = sliced.ops.get(block, ())
        if not prover.spend(len(chosen) + 1):
            return Spent(block)
        known = lookup(overlay, prover.facts)
        view = View(unit, known, state, prover.linear, aliases)
        of, values = prover.facts.of, sliced.values
        for op in chosen:
            if op is self.op:
                problems = check(view, op)
                if problems and self.aside:
                    prover.set_aside += [problem for problem in problems if problem.code in self.aside]
                    problems = [problem for problem in problems if problem.code not in self.aside]
                if problems:
                    return Failed(trail, problems)
                self._arrive(overlay, view.state)
                if self.once:
                    return None
            if op.HAS_RESULT and op.result in values:  # type: ignore[attr-defined]
                result: Value = op.result  # type: ignore[attr-defined]
                cell = sliced.cells.get(op)
                found = self._result(op, overlay.get(cell) if cell is not None else None, known)
                if found is None:
                    return None
                if found == of.get(result):
                    overlay.pop(result, None)
                else:
                    overlay[result] = found
            if sliced.cells and type(op) in WRITES:
                self._write_cells(op, overlay, aliases, sliced.places, known)
            if type(op) in CHANGES:
                view.state = step(view, op)
        if block.terminator is self.op:
            problems = check(view, self.op)
            if problems:
                return Failed(trail, problems)
            self._arrive(overlay, view.state)
            if self.once:
                return None
        self._leave(trail, view, overlay, aliases, sliced, stack)
        return None

    def _result(self, op: Op, kept: Scalar | Fact | None, known: Any) -> Scalar | Fact | None:
        """The fact of a result; `kept` is what a place of the frame holds that the operation loads, where that is known."""
        if kept is not None and type(op) is Load:
            return loaded(op, kept, sc.of_bytes_signed(op.size_bytes) if op.signed else sc.of_bytes(op.size_bytes))
        return transfer(self.unit, op, known)

    def _write_cells(self, op: Op, overlay: Overlay, aliases: Aliases, cells: set[Cell], known: Any) -> None:
        """Places of the frame whose bytes are followed: what the operation leaves in them."""
        sources = self.unit.sources
        for cell in sources.written_by(op) if sources is not None else cells:
            if cell in cells and op_may_write(self.unit, op, cell, known):
                fact, covers = stored(self.unit, op, cell, sc.of_bytes(cell[1]), known)
                aliases.pop(cell, None)
                if covers:
                    overlay[cell] = fact
                    if type(op) is Store and op.size_bytes == cell[1] == WORD_BYTES and fact == known(op.value):
                        aliases[cell] = renamed(op.value)
                else:
                    overlay.pop(cell, None)

    def look_closer(self) -> bool:
        """Follow more of the state; False where all of it is followed."""
        if self.with_order and self.with_refs and self.with_init:
            return False
        self.with_order = self.with_refs = self.with_init = True
        return True

    def _arrive(self, overlay: Overlay, state: State) -> None:
        """What holds of the operands on every path that comes here."""
        self.arrivals += 1
        wanted = [v for v in operands(self.op) if type(v) is Value]
        if self.arrivals == 1:
            self.arrived = {v: overlay[v] for v in wanted if v in overlay}
            self.arrived_order = dict(state.lower) if self.with_order else {}
            return
        order = state.lower
        self.arrived_order = {t: min(b, order[t]) for t, b in self.arrived_order.items() if t in order}
        self.arrived = {v: fa.join(f, overlay[v]) for v, f in self.arrived.items() if v in overlay}

    def _leave(self, trail: Trail, view: View, overlay: Overlay, aliases: Aliases, sliced: Slice, stack: list[Any]) -> None:
        block, prover, values = trail.block, self.prover, sliced.values
        ending = block.terminator
        tests = block in sliced.tests
        outcome = outcome_of(view, ending) if tests and type(ending) is Branch else None
        if outcome is None and type(ending) is Branch and self.with_order:
            outcome = implied(view, ending)
        for index, edge in enumerate(block.edges()):
            target = edge.block
            if target not in self.reaches or target is self.start or (outcome is not None and outcome == bool(index)):
                continue
            if (block, index) in prover.facts.dead:
                continue
            after, state, names = overlay, view.state, aliases
            if tests and outcome is None and type(ending) is Branch:
                after = dict(overlay)
                if not self._assume(view, after, ending, index, values):
                    continue
            if self.with_order or self.with_refs:
                # The test says something of values as they were before it.
                tested = edge_state(view, block, index)
                known = view.known if after is overlay else lookup(after, prover.facts)
                state = enter(View(self.unit, known, tested, prover.linear, aliases), block, edge, tested)
            if edge.args:
                out = View(self.unit, lookup(after, prover.facts), state, prover.linear, aliases)
                after, names = self._pass(out, block, index, after, aliases, values)
            if sliced.cells:
                after = {v: cross(self.unit, block, target, f) if type(v) is tuple else f for v, f in after.items()}
            if (block, target) in self.unit.back_edges:
                names = {}
                state = self._next_round(state, target)
            stack.append((Trail(target, trail, index), after, names, state))

    def _next_round(self, state: State, header: Block) -> State:
        """Only what is said of values that are older than the loop, or parameters of its header: the others are made anew."""
        values, unit = self.prover.linear.values, self.unit
        state = next_round(unit, self.prover.linear, state, header)
        kept: dict[Terms, int] = {}
        for terms, bound in state.lower.items():
            for symbol, _ in terms:
                value = values.get(symbol)
                if value is None or value.definition is header:
                    continue
                home = value.definition if isinstance(value.definition, Block) else unit.block_of.get(value.definition)  # type: ignore[arg-type]
                if home is header or (home is not None and not unit.dominators.dominates(home, header)):
                    break
            else:
                kept[terms] = bound
        return state.with_lower(kept) if len(kept) < len(state.lower) else state

    def _assume(self, view: View, after: Overlay, ending: Branch, index: int, values: set[Value]) -> bool:
        """Facts of the tested values on that way; False where it cannot be taken."""
        lhs, rhs = ending.lhs, ending.rhs
        if not ((type(lhs) is Value and lhs in values) or (type(rhs) is Value and rhs in values)):
            return True
        found = refine(ending.kind, ending.width_bits, index == 0, view.known(lhs), view.known(rhs))
        if found is None:
            return False
        for operand, fact in zip((lhs, rhs), found, strict=True):
            if type(operand) is Value:
                self._learn_back(view, after, operand, fact)
        return True

    def _learn_back(self, view: View, after: Overlay, value: Value, fact: Scalar | Fact) -> None:
        """The value has this fact: so has what it renames, and what it was made of simply."""
        for _ in range(64):
            now = after.get(value)
            before = now if now is not None else self.prover.facts.known(value)
            better = fa.meet(before, fact) if before is not fact else fact
            if better is None:
                return
            after[value] = better
            fact = better
            for place, source in view.aliases.items():
                if source is value and type(place) is tuple and place in after:
                    after[place] = fa.meet(after[place], better) or after[place]
            definition = value.definition
            target: Operand | None = None
            if type(definition) is Assume:
                target = definition.value
            elif value in view.aliases:
                target = view.aliases[value]
            elif type(fact) is not fa.Fact and isinstance(definition, (Cast, Alu)):
                target, fact = undone(view, definition, fact)
            if type(target) is not Value:
                return
            value = target

    def _pass(
        self, view: View, block: Block, index: int, overlay: Overlay, aliases: Aliases, values: set[Value]
    ) -> tuple[Overlay, Aliases]:  # fmt: skip
        edge = block.edges()[index]
        target = edge.block
        after, names = dict(overlay), dict(aliases)
        of = self.prover.facts.of
        for param, arg in zip(target.params, edge.args, strict=True):
            if param not in values:
                continue
            fact = cross(self.unit, block, target, view.known(arg))
            if fact == of.get(param):
                after.pop(param, None)
            else:
                after[param] = fact
            names[param] = arg
        return after, names

    def _reduced(self, state: State, block: Block) -> State:
        """Without what the obligation does not depend on: so that more paths are alike."""
        plain = self.prover.places.get(block)
        if plain is None:
            return state
        lower = plain.lower
        if self.with_order and state.lower is not lower:
            named, symbols = self.prover.linear.values, self.symbols
            lower = {
                terms: bound
                for terms, bound in state.lower.items()
                if (terms in lower and bound <= lower[terms]) or all(s not in named or s in symbols for s, _ in terms)
            }
        return State(
            lower,
            state.init if self.with_init else plain.init,
            state.may if self.with_refs else plain.may,
            state.must if self.with_refs else plain.must,
            state.lock if self.with_lock else plain.lock,
            state.dynptrs if self.with_refs else plain.dynptrs,
            state.sections if self.with_lock else plain.sections,
        )

    # ---- one path, with everything

    def refute(self, trail: Trail) -> list[list[Value]] | None:
        """Values that show that the path cannot be taken, or that nothing is wrong on it, the likeliest first; None where it can and
        something is."""
        steps: list[Trail] = []
        at: Trail | None = trail
        while at is not None:
            steps.append(at)
            at = at.before
        steps.reverse()
        prover, unit = self.prover, self.unit
        overlay: Overlay = dict(prover.learned_at(self.start))
        state = prover.place(self.start)
        aliases: Aliases = {}
        tested: list[Value] = []
        everything = _EVERYTHING
        cells = prover.cells
        places = set(cells.values())
        for here, following in zip(steps, [*steps[1:], None], strict=True):
            block = here.block
            prover.spend(len(block.ops) + 1)
            view = View(unit, lookup(overlay, prover.facts), state, prover.linear, aliases)
            for op in block.ops:
                if op is self.op and following is None:
                    break
                if op.HAS_RESULT:
                    cell = cells.get(op)
                    found = self._result(op, overlay.get(cell) if cell is not None else None, view.known)
                    if found is None:
                        return [[v for v in operands(op) if type(v) is Value], *_nearest(tested)]
                    overlay[op.result] = found  # type: ignore[attr-defined]
                if places and type(op) in WRITES:
                    self._write_cells(op, overlay, aliases, places, view.known)
                if type(op) in CHANGES:
                    view.state = step(view, op)
            if following is None:
                return _nearest(tested) if tested and not check(view, self.op) else None
            ending = block.terminator
            index = following.index
            after = dict(overlay)
            if type(ending) is Branch:
                used = [v for v in (ending.lhs, ending.rhs) if type(v) is Value]
                outcome = outcome_of(view, ending)
                if (outcome is not None and outcome == bool(index)) or not self._assume(view, after, ending, index, everything):
                    return [used, *_nearest(tested)]
                tested += used
            edge = block.edges()[index]
            after_test = edge_state(view, block, index)
            out = View(unit, lookup(after, prover.facts), after_test, prover.linear, aliases)
            state = enter(out, block, edge, after_test)
            overlay, aliases = self._pass(out, block, index, after, aliases, everything)
            overlay = {v: cross(unit, block, edge.block, f) if type(v) is tuple else f for v, f in overlay.items()}
            if (block, edge.block) in unit.back_edges:
                aliases = {}
                state = self._next_round(state, edge.block)
        return None


def _nearest(tested: list[Value]) -> list[list[Value]]:
    """What was tested before, the last first."""
    return [[value] for value in reversed(tested)]


@final
class _Everything:
    """The set of all values."""

    def __contains__(self, _value: object) -> bool:
        return True


_EVERYTHING: Final[Any] = _Everything()
_NONE: Final[frozenset[Value]] = frozenset()
_NOTHING: Final[frozenset[type[Op]]] = frozenset()


def outcome_of(view: View, ending: Branch) -> bool | None:
    """Whether the branch is decided, by facts or by order."""
    found = decide(ending.kind, ending.width_bits, view.known(ending.lhs), view.known(ending.rhs))
    return found if found is not None else implied(view, ending)
