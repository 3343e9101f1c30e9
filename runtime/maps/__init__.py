"""Maps of running programs: `create_map` makes them, Python sees them as mappings, queues and event streams.

with create_map(MapSpec("flows", "hash", 8, 8, 1024)) as flows:
    flows[7] = 1
    flows[7], 8 in flows, len(flows)       (1, False, 1)
"""

from bpfcc.runtime.maps.base import Map
from bpfcc.runtime.maps.create import create_map
from bpfcc.runtime.maps.events import PerfBuffer, PerfEvent, RingBuffer
from bpfcc.runtime.maps.keyed import KeyedMap, OuterMap, PerCpuMap
from bpfcc.runtime.maps.keyless import BloomFilter, QueueMap, StackTraceMap
from bpfcc.runtime.maps.seed import dump, load_seed
from bpfcc.runtime.maps.types import BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, MAP_TYPES, EmptyError, MapError, MissingKeyError
from bpfcc.runtime.maps.values import Codec, format_prefix, parse_prefix

__all__ = [
    "BPF_ANY",
    "BPF_EXIST",
    "BPF_F_LOCK",
    "BPF_NOEXIST",
    "MAP_TYPES",
    "BloomFilter",
    "Codec",
    "EmptyError",
    "KeyedMap",
    "Map",
    "MapError",
    "MissingKeyError",
    "OuterMap",
    "PerCpuMap",
    "PerfBuffer",
    "PerfEvent",
    "QueueMap",
    "RingBuffer",
    "StackTraceMap",
    "create_map",
    "dump",
    "format_prefix",
    "load_seed",
    "parse_prefix",
]
