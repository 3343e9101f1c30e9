"""Tests of bpfcc; a package, so that tests can share the oracle, vectors and the kernel's bpf(2)."""
