"""From the C of a native module to images: a library for user mode, and a driver.

    NativeBuild("x86_64").library(text)          the bytes of a .dll that exports get_metadata_table
    NativeBuild("arm64").driver(text)            the bytes of a .sys that imports from ntoskrnl.exe and NETIO.SYS, and nothing else

The bundled compiler and its linker do it, without Windows' headers or libraries. The same text gives the same bytes: no times, no paths.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.backends.aot.build import MACHINES, WARNINGS, WRAP, bundled_binary, run_tool
from bpfcc.compat.native.unit import own_text
from bpfcc.errors import CompileError, InputError, InternalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["dll", "sys"]
GUARD: Final = "guard.c"
TRIPLES: Final = {"x86_64": "x86_64-windows-msvc", "arm64": "aarch64-windows-msvc"}
IMPORT_MACHINES: Final = {"x86_64": "i386:x86-64", "arm64": "arm64"}
PE_MACHINES: Final = {0x8664: "x86_64", 0xAA64: "arm64"}
FLAGS: Final = (
    "-O2", "-g0", "-mcpu=baseline", "-ffreestanding", "-fbuiltin", "-fno-stack-protector", "-fno-sanitize=undefined", *WRAP,
    "-Xclang", "-cfguard",
)  # fmt: skip
# What compilers call by themselves.
MEMORY: Final = ("memcpy", "memmove", "memset", "memcmp", "__chkstk")
IMPORTS: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    "dll": {"ntdll.dll": MEMORY},
    "sys": {
        "ntoskrnl.exe": ("RtlQueryRegistryValues", *MEMORY),
        "NETIO.SYS": (
            "NmrRegisterClient", "NmrDeregisterClient", "NmrWaitForClientDeregisterComplete", "NmrClientAttachProvider",
        ),
    },
}  # fmt: skip
DEFINES: Final[Mapping[Kind, str]] = {"dll": "-DBPFCC_DLL", "sys": "-DBPFCC_DRIVER"}
LINK: Final = (
    "/nologo", "/nodefaultlib", "/dynamicbase", "/highentropyva", "/nxcompat", "/tsaware:no", "/guard:cf", "/Brepro", "/release",
    "/osversion:10.0", "/opt:ref", "/opt:noicf", "/incremental:no", "/version:0.0",
)  # fmt: skip
KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "dll": ("/dll", "/subsystem:windows,10.0", "/entry:DllMain", "/noimplib"),
    "sys": ("/driver", "/subsystem:native,10.0", "/entry:DriverEntry"),
}
PE_OFFSET: Final = 0x3C


def machine_of_image(data: bytes) -> str | None:
    """What an image is for: `x86_64`, `arm64`; None for what is no image of either."""
    if data[:2] != b"MZ" or len(data) < PE_OFFSET + 4:
        return None
    at = int.from_bytes(data[PE_OFFSET : PE_OFFSET + 4], "little")
    if data[at : at + 4] != b"PE\0\0":
        return None
    return PE_MACHINES.get(int.from_bytes(data[at + 4 : at + 6], "little"))


@final
@dataclass(frozen=True, slots=True)
class NativeBuild:
    """For a machine, `x86_64` or `arm64`; `warnings`: those of the compiler are errors."""

    machine: str
    warnings: bool = False

    @classmethod
    def parse(cls, machine: str) -> NativeBuild:
        """InputError for a machine that Windows does not have."""
        found = MACHINES.get(machine.lower())
        if found not in TRIPLES:
            raise InputError(f"no machine {machine!r}; native images are for {' and '.join(TRIPLES)}")
        return cls(found)

    def library(self, text: str) -> bytes:
        """A DLL. CompileError where the compiler refuses the text."""
        return self._make(text, "dll")

    def driver(self, text: str) -> bytes:
        """A driver. CompileError likewise."""
        return self._make(text, "sys")

    def _make(self, text: str, kind: Kind) -> bytes:
        zig = str(bundled_binary())
        with tempfile.TemporaryDirectory(prefix="bpfcc-build-") as name:
            folder = Path(name)
            # One file, so that the compiler runs once.
            (folder / "module.c").write_text(f'{text}\n#line 1 "{GUARD}"\n{own_text(GUARD)}', encoding="utf-8")
            self._compile(zig, kind, name)
            libraries = [self._import_library(zig, library, names, folder) for library, names in IMPORTS[kind].items()]
            shadow = ["/cetcompat"] if self.machine == "x86_64" else []
            command = [zig, "lld-link", *LINK, *KINDS[kind], *shadow, f"/machine:{self._lld_machine}", "/out:image", "module.obj"]
            run_tool([*command, *libraries], name, what="does not link the native module")
            data = (folder / "image").read_bytes()
        found = machine_of_image(data)
        if found != self.machine:
            raise InternalError(f"the compiler was asked for {self.machine} and made {found or 'something else'}")
        return data

    @property
    def _lld_machine(self) -> str:
        return "x64" if self.machine == "x86_64" else "arm64"

    def _compile(self, zig: str, kind: Kind, folder: str) -> None:
        language = WARNINGS if self.warnings else ("-std=c99", "-w")
        command = [zig, "cc", "-target", TRIPLES[self.machine], *language, *FLAGS, DEFINES[kind], "-c", "module.c", "-o", "module.obj"]
        said = run_tool(command, folder)
        if self.warnings and said:
            raise CompileError(f"the compiler warns of the emitted C:\n{said}", ())

    def _import_library(self, zig: str, library: str, names: Sequence[str], folder: Path) -> str:
        """What links to a file of Windows: made of its name and those of the functions."""
        made = f"{library}.lib"
        (folder / f"{library}.def").write_text(f"LIBRARY {library}\nEXPORTS\n" + "\n".join(names) + "\n", encoding="utf-8")
        command = [zig, "dlltool", "-m", IMPORT_MACHINES[self.machine], "-d", f"{library}.def", "-l", made]
        run_tool(command, str(folder), what=f"makes no import library of {library}")
        return made
