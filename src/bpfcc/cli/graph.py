"""The control-flow graph of a module as DOT, or as an SVG.

    digraph { subgraph cluster_0 { label="@firewall"; f0b0 [label="b0:\\l  v1 = load.4 v0, 0\\l"]; f0b0 -> f0b1 [label="then"]; … } }

graphviz's `dot` draws the SVG where it is installed; else a layered drawing of our own does: blocks in rows by their
distance from the entry, edges as curves.
"""

from __future__ import annotations

import html
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Branch
from bpfcc.bpfir.printer import print_op

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function, Module

MAX_LINES: Final = 24
MAX_CHARS: Final = 76
DOT_SECONDS: Final = 30
CHAR_WIDTH, LINE_HEIGHT, PADDING, GAP_X, GAP_Y = 6.6, 13, 8, 30, 46


STYLE: Final = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z"/></marker></defs><style>rect{fill:#fbfbf8;stroke:#888}</style>'
)


def block_lines(block: Block) -> list[str]:
    """What a box shows: the label, the operations, cut where there are many."""
    params = f"({', '.join(map(str, block.params))})" if block.params else ""
    ops = [print_op(op).rsplit(" #", 1)[0] for op in block.all_ops()]
    if len(ops) > MAX_LINES:
        ops = [*ops[: MAX_LINES - 2], f"… {len(ops) - MAX_LINES + 1} more …", ops[-1]]
    lines = [f"b{block.id}{params}:", *[f"  {op}" for op in ops]]
    return [line if len(line) <= MAX_CHARS else line[: MAX_CHARS - 1] + "…" for line in lines]


def edge_labels(block: Block) -> list[tuple[Block, str]]:
    """Successors with what the edge means."""
    names = ["then", "else"] if isinstance(block.terminator, Branch) else [""]
    return [(edge.block, name) for edge, name in zip(block.edges(), names, strict=False)]


def cfg_dot(module: Module) -> str:
    """Every function of the module as a cluster."""
    lines = ["digraph bpfcc {", '  node [shape=box fontname="monospace" fontsize=10];', '  edge [fontname="monospace" fontsize=9];']
    for number, fn in enumerate(module.functions):
        lines += [f"  subgraph cluster_{number} {{", f"    label={quoted('@' + fn.name)};"]
        for block in fn.blocks:
            text = "".join(escape(line) + "\\l" for line in block_lines(block))
            lines.append(f'    f{number}b{block.id} [label="{text}"];')
            for target, label in edge_labels(block):
                style = {"then": ' [label="then" color="darkgreen"]', "else": ' [label="else" color="firebrick"]'}.get(label, "")
                lines.append(f"    f{number}b{block.id} -> f{number}b{target.id}{style};")
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def escape(text: str) -> str:
    """Text inside a quoted DOT string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def quoted(text: str) -> str:
    """A DOT string."""
    return f'"{escape(text)}"'


def cfg_svg(module: Module) -> str:
    """By graphviz where it is installed and answers, else by `own_svg`."""
    dot = shutil.which("dot")
    if dot is not None:
        try:
            done = subprocess.run([dot, "-Tsvg"], input=cfg_dot(module), capture_output=True, text=True, timeout=DOT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return own_svg(module)
        if done.returncode == 0:
            return done.stdout.rstrip("\n")
    return own_svg(module)


class _Box:
    """A block on the drawing."""

    def __init__(self, block: Block) -> None:
        self.lines = block_lines(block)
        self.width = max(len(line) for line in self.lines) * CHAR_WIDTH + 2 * PADDING
        self.height = len(self.lines) * LINE_HEIGHT + 2 * PADDING
        self.x = 0.0
        self.y = 0.0

    def svg(self) -> str:
        """The box with its text."""
        left, top = self.x, self.y
        out = [f'<rect x="{left:.1f}" y="{top:.1f}" width="{self.width:.1f}" height="{self.height}" rx="4"/>']
        for number, line in enumerate(self.lines):
            weight = ' font-weight="bold"' if number == 0 else ""
            y = top + PADDING + (number + 0.8) * LINE_HEIGHT
            out.append(f'<text x="{left + PADDING:.1f}" y="{y:.1f}"{weight} xml:space="preserve">{html.escape(line)}</text>')
        return "".join(out)


def rows_of(fn: Function) -> list[list[Block]]:
    """Blocks by their distance from the entry, in the order in which they are found."""
    level = {fn.entry: 0}
    queue = [fn.entry]
    for block in queue:
        for target in block.successors():
            if target not in level:
                level[target] = level[block] + 1
                queue.append(target)
    rows: list[list[Block]] = [[] for _ in range(max(level.values()) + 1)]
    for block in queue:
        rows[level[block]].append(block)
    return rows


def place(fn: Function, top: float) -> tuple[dict[Block, _Box], float, float]:
    """Boxes of a function, the width it takes, and where it ends."""
    boxes: dict[Block, _Box] = {}
    rows = rows_of(fn)
    width = 0.0
    for row in rows:
        for block in row:
            boxes[block] = _Box(block)
        width = max(width, sum(boxes[b].width for b in row) + GAP_X * (len(row) - 1))
    y = top
    for row in rows:
        x = GAP_X + (width - sum(boxes[b].width for b in row) - GAP_X * (len(row) - 1)) / 2
        for block in row:
            boxes[block].x, boxes[block].y = x, y
            x += boxes[block].width + GAP_X
        y += max(boxes[b].height for b in row) + GAP_Y
    return boxes, width, y


def edge_svg(start: _Box, end: _Box, label: str) -> str:
    """A curve from the bottom of one box to the top of another, round the side where it leads back."""
    color = {"then": "#2a7", "else": "#b33"}.get(label, "#555")
    shift = {"then": -8, "else": 8}.get(label, 0)
    x1, y1 = start.x + start.width / 2 + shift, start.y + start.height
    x2, y2 = end.x + end.width / 2, end.y
    if y2 > y1:
        bend = (y2 - y1) / 2
        path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}"
    else:
        side = max(start.x + start.width, end.x + end.width) + 20
        path = f"M{x1:.1f},{y1:.1f} C{side:.1f},{y1 + 40:.1f} {side:.1f},{y2 - 40:.1f} {x2:.1f},{y2:.1f}"
    return f'<path d="{path}" fill="none" stroke="{color}" marker-end="url(#arrow)"/>'


def own_svg(module: Module) -> str:
    """A drawing without graphviz."""
    parts: list[str] = []
    top, widest = 40.0, 200.0
    for fn in module.functions:
        parts.append(f'<text x="{GAP_X}" y="{top - 14:.1f}" font-weight="bold" font-size="13">@{html.escape(fn.name)}</text>')
        boxes, width, end = place(fn, top)
        for block in boxes:
            parts += [edge_svg(boxes[block], boxes[target], label) for target, label in edge_labels(block)]
        parts += [box.svg() for box in boxes.values()]
        top, widest = end + 40, max(widest, width)
    size = f'width="{widest + 2 * GAP_X + 30:.0f}" height="{top:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace" font-size="11">'
    return "\n".join([head, STYLE, *parts, "</svg>"])
