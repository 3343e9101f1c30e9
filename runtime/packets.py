"""Packets as programs of different types see them.

strip_link_header(frame)      (0x0800, the IPv4 packet)     what cgroup_skb and LWT programs begin at
wire_packet(frame, tag)       the frame with a VLAN tag that travelled beside it put back
"""

from __future__ import annotations

from typing import Final

LINK_BYTES: Final = 14
MAC_BYTES: Final = 12
VLAN_BYTES: Final = 4
ETHERTYPE_VLAN: Final = frozenset({0x8100, 0x88A8})


def ethertype(frame: bytes) -> int | None:
    """The protocol in the Ethernet header, VLAN tags not looked through; None for a frame too short to have one."""
    return int.from_bytes(frame[MAC_BYTES:LINK_BYTES], "big") if len(frame) >= LINK_BYTES else None


def strip_link_header(frame: bytes) -> tuple[int, bytes] | None:
    """(protocol, packet from its network header) of an Ethernet frame, VLAN tags taken off; None for a frame cut off before."""
    at = MAC_BYTES
    while len(frame) >= at + 2:
        protocol = int.from_bytes(frame[at : at + 2], "big")
        at += 2
        if protocol not in ETHERTYPE_VLAN:
            return protocol, frame[at:]
        at += VLAN_BYTES - 2
    return None


def wire_packet(frame: bytes, tag: int | None, protocol: int = 0x8100) -> bytes:
    """The frame as it would go out: a tag that the context carries (vlan_tci) is put behind the addresses."""
    if tag is None or len(frame) < MAC_BYTES:
        return frame
    return frame[:MAC_BYTES] + protocol.to_bytes(2, "big") + tag.to_bytes(2, "big") + frame[MAC_BYTES:]
