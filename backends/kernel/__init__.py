"""The running Linux kernel as a place where programs run: loaded by bpf(2) and test-run, never attached to anything.

syscall     bpf(2) itself, command by command
maps        maps of the kernel behind the classes of `bpfcc.runtime.maps`; `buffers`: ring and perf buffers among them
types       the object's BTF in a form that every kernel takes
load        linked bytecode with its maps' file descriptors, into the kernel
testrun     what BPF_PROG_TEST_RUN takes and gives for each program type
"""
