"""What a helper's result and the memory it writes depend on. The calls themselves are the runtime's.

r0 = call helper 1(map, key)           a lookup: the entry may be there or not, the key comes from the packet
call helper 26(skb, 12, buf, 2)        buf depends on packet[12], packet[13] from now on
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, final

from bpfcc.counterexamples.expressions import Expression, Lookup, leaf, lookup
from bpfcc.counterexamples.inputs import ALWAYS_THERE
from bpfcc.counterexamples.shadow import start_of
from bpfcc.counterexamples.solving import Condition
from bpfcc.runtime.memory import PACKET_BASE

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Call
    from bpfcc.counterexamples.expressions import Operand
    from bpfcc.counterexamples.tracing import Tracer

Symbols = Sequence[Expression | None]
Answer = tuple[int, Expression | None]
KEYED: Final = frozenset({"hash", "lru_hash", "percpu_hash", "lru_percpu_hash", "lpm_trie"})
SHUFFLES: Final = frozenset({
    "skb_adjust_room", "skb_change_proto", "skb_vlan_push", "skb_vlan_pop", "skb_change_head", "skb_store_bytes", "l3_csum_replace",
    "l4_csum_replace", "xdp_store_bytes", "lwt_push_encap", "msg_push_data", "msg_pop_data", "msg_pull_data",
})  # fmt: skip
WORDS: Final = {"get_current_pid_tgid": ("task", "pid_tgid"), "get_current_uid_gid": ("task", "uid_gid")}
CLOCKS: Final = frozenset({"ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns"})
MAX_WRITTEN: Final = 1 << 16


@final
class Helpers:
    """Helpers of one run."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.machine = tracer.machine
        self.shadow = tracer.shadow
        self.halted = False
        self.randoms = 0
        # Entries that the program itself made or took away.
        self.changed: dict[tuple[str, bytes], list[Operand] | None] = {}
        self.special: dict[str, Callable[[Call, list[int], Symbols], Answer]] = {
            "map_lookup_elem": self._lookup, "map_update_elem": self._update, "map_delete_elem": self._delete,
            "skb_load_bytes": self._load_bytes, "xdp_load_bytes": self._load_bytes, "get_prandom_u32": self._random,
            "get_current_comm": self._comm, "loop": self._loop,
        }  # fmt: skip

    def call(self, op: Call, arguments: list[int], symbols: Symbols) -> Answer:
        """Call it; a trap ends the run."""
        tracer = self.tracer
        known = tracer.shape.platform.helpers_by_id
        name = known[op.helper].name if op.helper in known else ""
        if op in tracer.targets:
            self._note(op, arguments, symbols)
        special = self.special.get(name)
        if special is not None:
            return special(op, arguments, symbols)
        value = self.native(op, arguments)
        self._written(op, arguments)
        if name in SHUFFLES:
            self.shadow.shuffled = True
        if name in WORDS:
            return value, leaf(WORDS[name], value, 64)
        return value, leaf(("clock",), value, 63) if name in CLOCKS else None

    def native(self, op: Call, arguments: list[int]) -> int:
        """The runtime's function."""
        value = self.machine.helper(op.helper, arguments)
        if self.halted:
            self.tracer.halt(None)
        kind = self.machine.trapped()
        if kind is not None:
            self.tracer.halt(kind, op)
        return value

    def _note(self, op: Call, arguments: list[int], symbols: Symbols) -> None:
        """Accesses that the call makes through its arguments."""
        effects = self.tracer.shape.platform.effects(op.helper)
        for touch in (*effects.reads, *effects.writes) if effects is not None else ():
            if touch.argument >= len(arguments):
                continue
            at, size, size_symbol = touch.argument, touch.size or 0, None
            if touch.size_argument is not None and touch.size_argument < len(arguments):
                size, size_symbol = arguments[touch.size_argument], symbols[touch.size_argument]
            elif touch.size is None:
                size = self._map_bytes(op, arguments, at)
            self.tracer.note(op, arguments[at], symbols[at], size, size if size_symbol is None else size_symbol)

    def _map_bytes(self, op: Call, arguments: list[int], at: int) -> int:
        area = self.machine.by_handle.get(arguments[0])
        kinds = self.tracer.shape.platform.helpers_by_id[op.helper].arguments
        if area is None or at >= len(kinds):
            return 0
        return area.spec.key_size if kinds[at].kind == "map_key" else area.spec.value_size

    def _written(self, op: Call, arguments: list[int]) -> None:
        effects = self.tracer.shape.platform.effects(op.helper)
        for touch in effects.writes if effects is not None else ():
            if touch.argument >= len(arguments):
                continue
            size = touch.size
            if size is None:
                size = arguments[touch.size_argument] if touch.size_argument is not None else self._map_bytes(op, arguments, touch.argument)
            self.shadow.forget(arguments[touch.argument], min(size, MAX_WRITTEN))

    # ---- maps

    def _lookup(self, op: Call, arguments: list[int], _symbols: Symbols) -> Answer:
        area = self.machine.by_handle.get(arguments[0])
        key = self.machine.peek(arguments[1], area.spec.key_size) if area is not None else None
        value = self.native(op, arguments)
        if area is None or key is None:
            return value, None
        spec = area.spec
        if not self.machine.shape.settable(spec):
            return value, None
        parts = tuple(self.shadow.bytes_at(arguments[1], key))
        if value:
            self._found(value, spec.name, key)
        if spec.type in ALWAYS_THERE:
            depends = any(isinstance(part, Expression) for part in parts)
            info = Lookup(spec.name, parts, key, area.entries, area.base, area.stride)
            return value, lookup(info, value) if depends else None
        if spec.type not in KEYED or (spec.name, key) in self.changed:
            return value, None
        return value, lookup(Lookup(spec.name, parts, key, 0), value)

    def _found(self, value: int, name: str, key: bytes) -> None:
        self.shadow.entries[value] = (name, key)
        content = self.changed.get((name, key))
        if content is not None:
            self.shadow.put(value, content)
            self.changed[name, key] = None

    def _update(self, op: Call, arguments: list[int], _symbols: Symbols) -> Answer:
        area = self.machine.by_handle.get(arguments[0])
        key = self.machine.peek(arguments[1], area.spec.key_size) if area is not None else None
        content = self.machine.peek(arguments[2], area.spec.value_size) if area is not None else None
        parts = self.shadow.bytes_at(arguments[2], content) if content is not None and len(content) <= MAX_WRITTEN else []
        value = self.native(op, arguments)
        if area is not None and key is not None and value == 0:
            self.changed[area.spec.name, key] = parts
            for start in [start for start, entry in self.shadow.entries.items() if entry == (area.spec.name, key)]:
                self.shadow.put(start, parts)
        return value, None

    def _delete(self, op: Call, arguments: list[int], _symbols: Symbols) -> Answer:
        area = self.machine.by_handle.get(arguments[0])
        key = self.machine.peek(arguments[1], area.spec.key_size) if area is not None else None
        value = self.native(op, arguments)
        if area is not None and key is not None and value == 0:
            self.changed[area.spec.name, key] = None
        return value, None

    def called_back(self, words: Sequence[int]) -> None:
        """A callback gets a map, a key and a value: the value is that entry's."""
        area = self.machine.by_handle.get(words[0])
        if area is not None:
            key = self.machine.peek(words[1], area.spec.key_size)
            if key is not None and self.machine.area_at(words[2]) is area:
                self.shadow.entries[start_of(area, words[2])] = (area.spec.name, key)

    # ---- the rest

    def _load_bytes(self, op: Call, arguments: list[int], _symbols: Symbols) -> Answer:
        offset, to, size = arguments[1] & 0xFFFF_FFFF, arguments[2], arguments[3] & 0xFFFF_FFFF
        value = self.native(op, arguments)
        if value == 0:
            content = self.machine.peek(to, size) or b""
            base = (PACKET_BASE | self.machine.native.packet_data) + offset
            self.shadow.put(to, self.shadow.bytes_at(base, content))
            return value, None
        self._written(op, arguments)
        length = self.shadow.length
        if length is not None:
            condition = Condition("uge", 64, length, offset + size, want=False)
            self.tracer.add_event(condition, op)
        return value, None

    def _random(self, op: Call, arguments: list[int], _symbols: Symbols) -> Answer:
        value = self.native(op, arguments)
        self.randoms += 1
        return value, leaf(("random", self.randoms - 1), value, 32)

    def _comm(self, op: Call, arguments: list[int], _symbols: Symbols) -> Answer:
        value = self.native(op, arguments)
        content = self.machine.peek(arguments[0], min(arguments[1] & 0xFFFF_FFFF, 16)) or b""
        self._written(op, arguments)
        self.shadow.put(arguments[0], [leaf(("task", "comm", i), now, 7) if i < 15 else now for i, now in enumerate(content)])
        return value, None

    def _loop(self, op: Call, arguments: list[int], symbols: Symbols) -> Answer:
        """How often the callback runs may be the input's to say."""
        if symbols[0] is not None:
            self.tracer.add_event(Condition("ne", 32, symbols[0], 0, want=arguments[0] & 0xFFFF_FFFF != 0), op)
            self.tracer.add_event(Condition("ult", 32, symbols[0], 64, want=arguments[0] & 0xFFFF_FFFF < 64), op)
        return self.native(op, arguments), None
