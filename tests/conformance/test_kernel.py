"""The vectors on the running kernel: XDP programs for those of type "raw", socket buffers for LD_ABS and LD_IND."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.assembler import assemble
from tests import kernel
from tests.conformance.vectors import PacketVector, packet_vectors, vectors

if TYPE_CHECKING:
    from tests.conformance.builder import Vector

# The smallest packet that a test run takes.
ETHERNET_BYTES = 14


def as_xdp(code: bytes, memory_bytes: int) -> bytes:
    """A program of type "raw" as an XDP program whose packet is the memory: r1 = its first byte, r2 = its length."""
    prologue = f"""
        r0 = -1
        r2 = *(u32 *)(r1 + 4)
        r1 = *(u32 *)(r1 + 0)
        r3 = r1
        r3 += {memory_bytes}
        if r3 <= r2 goto +1
        exit
        r2 = {memory_bytes}
    """
    return assemble(prologue) + code


def loaded(prog_type: int, code: bytes) -> int:
    fd = kernel.prog_load(prog_type, code)
    if isinstance(fd, kernel.Refused):
        pytest.fail(f"refused ({errno.errorcode.get(fd.errno, fd.errno)}): {fd.log[-600:]}")
    return fd


@kernel.needs_kernel
@pytest.mark.parametrize("vector", [v for v in vectors() if v.linux], ids=lambda v: v.name)
def test_vector(vector: Vector) -> None:
    assert len(vector.memory) >= ETHERNET_BYTES
    fd = loaded(kernel.XDP, as_xdp(vector.code, len(vector.memory)))
    try:
        retval, data, _ = kernel.prog_test_run(fd, vector.memory)
    finally:
        os.close(fd)
    assert data == vector.memory_after, vector.differences(data)
    assert retval == vector.return_value & 0xFFFF_FFFF


@kernel.needs_kernel
@pytest.mark.parametrize("vector", list(packet_vectors()), ids=lambda v: v.name)
def test_packet_vector(vector: PacketVector) -> None:
    fd = loaded(kernel.SCHED_CLS, vector.code)
    try:
        retval, _, _ = kernel.prog_test_run(fd, vector.packet)
    finally:
        os.close(fd)
    assert retval == vector.return_value


@kernel.needs_kernel
def test_a_refused_program_has_a_log() -> None:
    refused = kernel.prog_load(kernel.XDP, assemble("r0 = *(u64 *)(r3 + 0)\nexit"))
    assert isinstance(refused, kernel.Refused)
    assert "R3 !read_ok" in refused.log


@kernel.needs_kernel
def test_a_hash_map_from_outside() -> None:
    fd = kernel.map_create(1, 4, 8, 16)
    try:
        assert kernel.map_lookup(fd, b"aaaa", 8) is None
        kernel.map_update(fd, b"aaaa", b"12345678")
        assert kernel.map_lookup(fd, b"aaaa", 8) == b"12345678"
        assert kernel.map_next_key(fd, None, 4) == b"aaaa"
        assert kernel.map_next_key(fd, b"aaaa", 4) is None
        kernel.map_delete(fd, b"aaaa")
        with pytest.raises(FileNotFoundError):
            kernel.map_delete(fd, b"aaaa")
    finally:
        os.close(fd)
