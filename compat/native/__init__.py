"""Native images: programs for eBPF for Windows as C, as a library for user mode, and as a driver.

    text = emit_native(programs, NativeOptions("filter")).text          C with the metadata table that the loader reads
    NativeBuild("x86_64").driver(text)                                  the bytes of filter.sys

The C is made by the same writer as every emitted C (`bpfcc.backends.aot`); what is particular to Windows is here.
"""
