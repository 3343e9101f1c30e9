"""C and objects come in here: toolchain, ELF, BTF, CO-RE, DWARF; what leaves is an `Object`."""
