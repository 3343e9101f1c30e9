"""What a program's return value means: its name, and what becomes of the packet.

>>> from bpfcc.runtime.specs import load_platform
>>> verdict(load_platform("linux"), "xdp", 1)
Verdict(name='XDP_DROP', disposition='drop')

The names come from the platform's table; what becomes of the packet is the hook's own rule, as the kernel has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, final

if TYPE_CHECKING:
    from bpfcc.runtime.specs import Platform

Disposition = Literal["pass", "drop", "transmit", "redirect", "abort", "none"]

# Types whose nonzero result lets the packet (or the call) go on.
ALLOW: Final = frozenset({
    "cgroup_skb", "cgroup_sock", "cgroup_sock_addr", "cgroup_device", "cgroup_sysctl", "cgroup_sockopt", "sk_msg", "sk_skb", "sk_lookup",
    "sk_reuseport", "netfilter", "socket_filter",
})  # fmt: skip
BY_NAME: Final[dict[str, Disposition]] = {
    "XDP_ABORTED": "abort", "XDP_DROP": "drop", "XDP_PASS": "pass", "XDP_TX": "transmit", "XDP_REDIRECT": "redirect",
    "TC_ACT_UNSPEC": "pass", "TC_ACT_OK": "pass", "TC_ACT_RECLASSIFY": "pass", "TC_ACT_SHOT": "drop", "TC_ACT_PIPE": "pass",
    "TC_ACT_STOLEN": "drop", "TC_ACT_QUEUED": "drop", "TC_ACT_REPEAT": "pass", "TC_ACT_REDIRECT": "redirect", "TC_ACT_TRAP": "drop",
    "BPF_OK": "pass", "BPF_DROP": "drop", "BPF_REDIRECT": "redirect", "BPF_LWT_REROUTE": "pass", "BPF_FLOW_DISSECTOR_CONTINUE": "pass",
    "BIND_PERMIT": "pass", "BIND_DENY": "drop", "BIND_REDIRECT": "pass", "BIND_PERMIT_HARD": "pass",
}  # fmt: skip
# Types of Windows that block what returns a number without a name.
BLOCKS_UNKNOWN: Final = frozenset({"bind", "cgroup_sock_addr"})


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """A return value in words, and what becomes of the packet ("none": the hook has no packet to decide about)."""

    name: str
    disposition: Disposition


def signed32(value: int) -> int:
    """A return value as the hook reads it: the low half, signed."""
    low = value & 0xFFFF_FFFF
    return low - (1 << 32) if low >> 31 else low


def verdict(platform: Platform, program_type: str, value: int) -> Verdict:
    """What returning `value` (64 bits of r0) means for programs of that type."""
    spec = platform.program_type(program_type)
    number = signed32(value)
    name = spec.return_names.get(number)
    if program_type == "socket_filter":
        # The number of bytes that the socket gets.
        return Verdict("drop", "drop") if number == 0 else Verdict("keep", "pass")
    if name in BY_NAME:
        return Verdict(name, BY_NAME[name])
    if platform.objects == "windows" and program_type in BLOCKS_UNKNOWN:
        return Verdict(name or f"unknown ({number})", "pass" if name is not None and number else "drop")
    if program_type in ALLOW:
        return Verdict(name or str(number), "pass" if number else "drop")
    if name is None and program_type == "xdp":
        return Verdict(f"unknown ({number})", "drop" if platform.objects == "windows" else "abort")
    if name is None and program_type in {"sched_cls", "sched_act"}:
        return Verdict(f"unknown ({number})", "pass")
    return Verdict(name or str(number), "none")


def kept_bytes(program_type: str, value: int, packet: bytes) -> bytes:
    """The packet that goes on: a socket filter's result says how much of it."""
    return packet[: value & 0xFFFF_FFFF] if program_type == "socket_filter" else packet
