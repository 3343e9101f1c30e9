"""Words of C that nothing else can be called by.

"while" in KEYWORDS
"""

from __future__ import annotations

from typing import Final

KEYWORDS: Final = frozenset((
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if",
    "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while", "_Bool", "asm", "typeof",
))  # fmt: skip
