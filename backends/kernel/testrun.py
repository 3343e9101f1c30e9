"""What BPF_PROG_TEST_RUN takes and gives for each type of program that Linux test-runs.

    driver = Driver("xdp", codec)
    driver.run(fd, packet, {"ingress_ifindex": 1})      Outcome(return_value=2, packet=b"…", …)

Linux gets frames, and what a program sees of one depends on its type: from the link header on (xdp, sched_cls), or from behind it. So
socket filters, which see whole frames where they are attached, get a second link header, and programs that see packets from the network
header on get one that says which protocol it is. They are taken off again.
"""

from __future__ import annotations

import errno
import mmap
import os
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from bpfcc.backends.kernel import syscall
from bpfcc.errors import InputError, Trap, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.runtime.contexts import ContextCodec, ContextValues, FieldValue

LINK_BYTES: Final = 14
ENOTSUPP: Final = 524

# A packet may become as long as the loopback device lets it.
ROOM_BYTES: Final = 72 << 10
# Of a page, the kernel takes some for itself.
ROOM_IN_PAGE: Final = 640
FLOW_KEYS_BYTES: Final = 64
PROTOCOLS: Final = {4: b"\x08\x00", 6: b"\x86\xdd"}
IP_BYTES: Final = {b"\x08\x00": 20, b"\x86\xdd": 40}

Data = Literal["frame", "tagged", "network", "flow", "none"]
Context = Literal["xdp", "skb", "input", "in_place", "none"]


class Shape(NamedTuple):
    """How a type is run. `data`: "tagged" frames get a second header; of "flow" the flow's keys come out. `repeats`: in one call."""

    data: Data
    context: Context
    repeats: bool = True


SHAPES: Final[Mapping[str, Shape]] = {
    "xdp": Shape("frame", "xdp"),
    "sched_cls": Shape("frame", "skb"),
    "sched_act": Shape("frame", "skb"),
    "socket_filter": Shape("tagged", "skb"),
    "cgroup_skb": Shape("network", "skb"),
    "lwt_in": Shape("network", "skb"),
    "lwt_out": Shape("network", "skb"),
    "lwt_xmit": Shape("network", "skb"),
    "lwt_seg6local": Shape("network", "skb"),
    "flow_dissector": Shape("flow", "none"),
    "sk_lookup": Shape("none", "input"),
    "raw_tracepoint": Shape("none", "input", repeats=False),
    "syscall": Shape("none", "in_place", repeats=False),
}
# What may be said of a packet beside its bytes, and what Linux tells of it afterwards.
XDP_FIELDS: Final = ("ingress_ifindex", "rx_queue_index")
SKB_FIELDS: Final = ("mark", "priority", "ingress_ifindex", "ifindex", "cb", "tstamp", "wire_len", "gso_segs", "gso_size", "hwtstamp")


class Outcome(NamedTuple):
    """What a run gave. `data`: the keys that a flow dissector found, or a context as the program left it; `ns`: None where not timed."""

    return_value: int
    packet: bytes | None = None
    context: bytes = b""
    data: bytes | None = None
    ns: int | None = None


def _protocol(packet: bytes) -> bytes:
    """What a link header says of a packet that begins at its network header."""
    return PROTOCOLS.get(packet[0] >> 4, b"\0\0") if packet else b""


def shape_of(program_type: str) -> Shape:
    """UnsupportedError for types that Linux does not test-run."""
    found = SHAPES.get(program_type)
    if found is None:
        raise UnsupportedError(f"test runs of {program_type} programs", f"Linux has no test run for programs of type {program_type}")
    return found


@final
class Driver:
    """Runs programs of one type."""

    def __init__(self, program_type: str, codec: ContextCodec | None, *, ifindex: int = 1) -> None:
        self.type: Final = program_type
        self.shape: Final = shape_of(program_type)
        self._codec = codec
        self._ifindex = ifindex

    @property
    def takes_packets(self) -> bool:
        """Whether there is a packet, or a context only."""
        return self.shape.data != "none"

    def least(self, packet: bytes) -> int:
        """Bytes that Linux wants such a packet to have: its link header, and of a socket buffer something behind, IP's headers whole."""
        kind, shape = self.shape.data, self.shape
        if shape.context != "skb":
            return LINK_BYTES if self.takes_packets else 0
        if kind == "network":
            return IP_BYTES.get(_protocol(packet), 1)
        behind = IP_BYTES.get(packet[LINK_BYTES - 2 : LINK_BYTES], 1)
        return max(LINK_BYTES, behind) if kind == "tagged" else LINK_BYTES + behind

    def prepare(self, packet: bytes | None, context: ContextValues | bytes | None, repeat: int = 1) -> syscall.RunInput:
        """The input of a run. InputError for what Linux takes no run of."""
        shape = self.shape
        if not self.takes_packets and packet is not None:
            raise InputError(f"programs of type {self.type} get no packet; give their context")
        data = self._data(packet or b"")
        # Where it says how often, a type without repeats refuses.
        repeat = repeat if shape.repeats else 0
        match shape.context:
            case "xdp":
                given = self._xdp(packet or b"", context)
                return syscall.RunInput(data, given, repeat, ROOM_BYTES, len(given))
            case "skb":
                given = self._skb(context)
                return syscall.RunInput(data, given, repeat, ROOM_BYTES, len(given))
            case "none":
                if context:
                    raise InputError(f"Linux takes no context for a test run of a {self.type} program")
                return syscall.RunInput(data, None, repeat, FLOW_KEYS_BYTES)
            case kind:
                given = context if isinstance(context, bytes) else self._encode(context or {})
                if isinstance(context, bytes) and kind == "input" and self._codec is not None:
                    given = given.ljust(self._codec.spec.size, b"\0")
                return syscall.RunInput(None, given, repeat, in_place=kind == "in_place")

    def run(self, fd: int, given: syscall.RunInput) -> Outcome:
        """One call of the kernel."""
        try:
            found = syscall.prog_test_run(fd, given)
        except OSError as error:
            raise self._error(error.errno or 0, given) from None
        packet: bytes | None = None
        data: bytes | None = None
        match self.shape.data:
            case "frame":
                packet = found.data
            case "tagged" | "network":
                packet = found.data[LINK_BYTES:]
            case "flow":
                packet, data = given.data, found.data
            case "none":
                data = found.context if given.in_place else None
        return Outcome(found.return_value, packet, found.context, data, found.ns if self.shape.repeats else None)

    def unchanged(self, given: syscall.RunInput, found: Outcome) -> bool:
        """Whether a run left packet and context as they were, so that the next one begins like it."""
        if self.shape.context == "xdp":
            return found.packet == given.data and found.context == given.context
        if self.shape.context == "skb":
            # Two headers in a row where the frame has a second one: the first comes back as zeros.
            skipped = 0 if self.shape.data == "frame" else LINK_BYTES
            before, after = self._told(given.context or b""), self._told(found.context)
            same = all(before[name] == after[name] for name in ("mark", "priority", "cb", "tstamp"))
            return found.packet == (given.data or b"")[skipped:] and same
        return not given.in_place

    def fields(self, context: bytes) -> dict[str, FieldValue]:
        """What Linux says of the context afterwards."""
        return self._told(context) if context and self.shape.context in ("xdp", "skb") else {}

    # ---- input

    def _data(self, packet: bytes) -> bytes | None:
        kind = self.shape.data
        if kind == "none":
            return None
        least = self.least(packet)
        if len(packet) < least:
            such = " of this protocol" if least > LINK_BYTES + 1 else ""
            many = f"{least} byte{'s' if least > 1 else ''}"
            raise InputError(f"Linux runs {self.type} programs on packets{such} of at least {many}, and this one has {len(packet)}")
        if kind == "network":
            return bytes(LINK_BYTES - 2) + _protocol(packet) + packet
        return packet[:LINK_BYTES] + packet if kind == "tagged" else packet

    def _encode(self, values: ContextValues) -> bytes:
        if self._codec is not None and (not self._codec.spec.variable or values):
            return self._codec.encode(values)
        return b""

    def _xdp(self, packet: bytes, context: ContextValues | bytes | None) -> bytes:
        """`struct xdp_md`: in a test run, `data` and `data_end` are offsets."""
        start, end = 0, len(packet)
        rest = context[12:24].ljust(12, b"\0") if isinstance(context, bytes) else self._encode(self._with_device(context))[12:24]
        return start.to_bytes(4, "little") + end.to_bytes(4, "little") + bytes(4) + rest

    def _skb(self, context: ContextValues | bytes | None) -> bytes:
        return context if isinstance(context, bytes) else self._encode(self._with_device(context))

    def _with_device(self, values: ContextValues | None) -> ContextValues:
        """The interface by which the packet came, where nothing else is said."""
        known = XDP_FIELDS if self.shape.context == "xdp" else SKB_FIELDS
        for name in values or {}:
            if self._codec is not None and self._codec.offset_of(name) >= 0 and name not in known:
                message = f"a test run does not take field {name} of the context, but {', '.join(known)}"
                raise UnsupportedError(f"context field {name} in a test run", message)
        return {"ingress_ifindex": self._ifindex} | dict(values or {})

    def _told(self, context: bytes) -> dict[str, FieldValue]:
        names = XDP_FIELDS if self.shape.context == "xdp" else SKB_FIELDS
        found = self._codec.decode(context) if self._codec is not None else {}
        return {name: value for name, value in found.items() if name in names}

    # ---- errors

    def _error(self, number: int, given: syscall.RunInput) -> InputError | UnsupportedError | Trap:
        code = errno.errorcode.get(number, str(number))
        if number in (ENOTSUPP, errno.EOPNOTSUPP):
            return UnsupportedError(f"test runs of {self.type} programs", f"this Linux has no test run for programs of type {self.type}")
        if number == errno.EPERM:
            return UnsupportedError("backend kernel", "test runs are not permitted here: they take root, or CAP_BPF and CAP_NET_ADMIN")
        if number == errno.EINTR:
            return Trap("the run was stopped", kind="stopped")
        if number == errno.ENODEV:
            return InputError("there is no network device with the number that the context says (ENODEV)")
        what = f"a packet of {len(given.data)} bytes" if given.data is not None else f"a context of {len(given.context or b'')} bytes"
        if number == errno.EINVAL and given.data is not None and len(given.data) > mmap.PAGESIZE - ROOM_IN_PAGE:
            return InputError(
                f"Linux test-runs a {self.type} program on packets that fit into a page only; this one has {len(given.data)} bytes"
            )
        fields = {"xdp": XDP_FIELDS, "skb": SKB_FIELDS}.get(self.shape.context)
        hint = f"; of the context it takes {', '.join(fields)}" if fields and given.context else ""
        return InputError(f"Linux refuses a test run of a {self.type} program on {what}: {os.strerror(number).lower()} ({code}){hint}")
