"""What the caller decides about runs: CPUs, clock, seed, the current task, readable memory, routes, devices.

    RunOptions(clock_ns=0, task=Task(pid=42, comm="curl"), routes=[Route("10.0.0.0/8", ifindex=3, dmac="02:00:00:00:00:01")])

Nothing here is taken from the machine unless asked for: the same options give the same run.
"""

from __future__ import annotations

import ctypes
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, final

from bpfcc.errors import InputError
from bpfcc.runtime.memory import (
    TASK_CGROUP,
    TASK_NETNS,
    TASK_SOCKET,
    TASK_TASK,
    NativeDevice,
    NativeRoute,
    NativeTask,
)

AF_INET, AF_INET6 = 2, 10
OVERFLOW_UID: Final = 65534
MAIN_TABLE: Final = 254
DEFAULT_STEPS: Final = 100_000_000

RouteKind = Literal["unicast", "local", "blackhole", "unreachable", "prohibit"]
ROUTE_KINDS: Final[Mapping[str, int]] = {"unicast": 1, "local": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8}


@final
@dataclass(frozen=True, slots=True)
class Task:
    """Who is running. `address`: what `get_current_task` returns; make it readable, too."""

    pid: int = 1
    tid: int | None = None
    uid: int = 0
    gid: int = 0
    comm: str = "bpfcc"
    address: int | None = None
    cgroup_id: int | None = None
    cgroup_ancestors: Sequence[int] = ()
    numa_node: int = 0
    netns_cookie: int | None = None
    socket_cookie: int | None = None
    socket_uid: int = OVERFLOW_UID

    def to_native(self) -> NativeTask:
        """The structure that helpers read."""
        ancestors = [*self.cgroup_ancestors, *([self.cgroup_id] if self.cgroup_id is not None else [])]
        if len(ancestors) > 8:
            raise InputError("a task has at most eight cgroup levels")
        supplied = (
            (TASK_CGROUP, self.cgroup_id),
            (TASK_TASK, self.address),
            (TASK_NETNS, self.netns_cookie),
            (TASK_SOCKET, self.socket_cookie),
        )
        return NativeTask(
            pid_tgid=(self.pid & 0xFFFF_FFFF) << 32 | ((self.pid if self.tid is None else self.tid) & 0xFFFF_FFFF),
            uid_gid=(self.gid & 0xFFFF_FFFF) << 32 | (self.uid & 0xFFFF_FFFF),
            cgroup_id=self.cgroup_id or 0,
            task=self.address or 0,
            ancestors=(ctypes.c_uint64 * 8)(*ancestors),
            ancestor_count=len(ancestors),
            numa_node=self.numa_node,
            netns_cookie=self.netns_cookie or 0,
            socket_cookie=self.socket_cookie or 0,
            socket_uid=self.socket_uid,
            set=sum(bit for bit, value in supplied if value is not None),
            comm=self.comm.encode()[:15],
        )


def _address(text: str) -> tuple[int, bytes]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no IP address") from error
    return (AF_INET if address.version == 4 else AF_INET6), address.packed.ljust(16, b"\0")


def _link_address(text: str | bytes) -> bytes:
    if isinstance(text, str):
        try:
            text = bytes.fromhex(text.replace(":", "").replace("-", ""))
        except ValueError as error:
            raise InputError(f"{text!r} is no link address") from error
    if len(text) != 6:
        raise InputError("a link address has six bytes")
    return text


@final
@dataclass(frozen=True, slots=True)
class Route:
    """A route for `fib_lookup`. Without `dmac` the neighbour is unknown; `mtu` 0 = no limit."""

    prefix: str
    ifindex: int
    gateway: str | None = None
    smac: str | bytes = bytes(6)
    dmac: str | bytes | None = None
    source: str | None = None
    mtu: int = 1500
    metric: int = 0
    table: int = MAIN_TABLE
    kind: RouteKind = "unicast"

    def to_native(self) -> NativeRoute:
        """The structure that `fib_lookup` walks."""
        try:
            network = ipaddress.ip_network(self.prefix)
        except ValueError as error:
            raise InputError(f"{self.prefix!r} is no route: {error}") from error
        route = NativeRoute(
            family=AF_INET if network.version == 4 else AF_INET6,
            prefix_bits=network.prefixlen,
            ifindex=self.ifindex,
            mtu=self.mtu,
            table=self.table,
            metric=self.metric,
            kind=ROUTE_KINDS[self.kind],
            neighbour=int(self.dmac is not None),
            has_source=int(self.source is not None),
        )
        ctypes.memmove(route.prefix, network.network_address.packed, len(network.network_address.packed))
        if self.gateway is not None:
            route.gateway_family, packed = _address(self.gateway)
            ctypes.memmove(route.gateway, packed, 16)
        if self.source is not None:
            ctypes.memmove(route.source, _address(self.source)[1], 16)
        ctypes.memmove(route.smac, _link_address(self.smac), 6)
        if self.dmac is not None:
            ctypes.memmove(route.dmac, _link_address(self.dmac), 6)
        return route


@final
@dataclass(frozen=True, slots=True)
class Device:
    """A network device: what `check_mtu`, `clone_redirect` and `fib_lookup` ask."""

    ifindex: int
    mtu: int = 1500
    forwarding: bool = True

    def to_native(self) -> NativeDevice:
        """The structure that helpers read."""
        return NativeDevice(ifindex=self.ifindex, mtu=self.mtu, forwarding=int(self.forwarding))


@final
@dataclass(frozen=True, slots=True)
class RunOptions:
    """Everything that is the same for all runs of a runtime.

    `clock_ns` None: the machine's clock; a number: time stands there until `Runtime.set_clock`. `readable`: address -> bytes that
    `probe_read` and its kin may read. `call_stack`: what `get_stack` reports, innermost first. `steps`: instructions a run may take.
    `function_arguments`: how many words of a tracing context are the function's arguments; behind them is its result.
    """

    cpus: int = 1
    clock_ns: int | None = None
    boot_offset_ns: int = 0
    real_offset_ns: int = 0
    seed: int = 0
    steps: int = DEFAULT_STEPS
    task: Task = field(default_factory=Task)
    readable: Mapping[int, bytes] = field(default_factory=dict)
    routes: Sequence[Route] = ()
    devices: Sequence[Device] = ()
    call_stack: Sequence[int] | None = None
    ifindex: int = 1
    attach_cookie: int = 0
    function_ip: int = 0
    function_arguments: int | None = None
    log_limit_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        if not 1 <= self.cpus <= 4096:
            raise InputError(f"the number of CPUs lies between 1 and 4096, not {self.cpus}")
        if not 0 <= self.steps < 1 << 64:
            raise InputError("a budget of steps is a number below 2**64")
