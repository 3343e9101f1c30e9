"""The report of a run, for people: verdicts, time, maps, events, trace output, traps.

firewall (xdp, 284 packets, 35.5 kB)
╭──────────┬─────────┬ …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.cli.messages import caret_lines, short_path
from bpfcc.diagnostics import SourcePosition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bpfcc.cli.screen import Screen

STYLES: Final = {"pass": "green", "drop": "red", "transmit": "cyan", "redirect": "blue", "abort": "bold red", "none": ""}
MAX_CELL: Final = 60
# Maps by kinds whose entries come in no order that means anything: the busiest first.
UNORDERED: Final = frozenset({"hash", "lru_hash", "percpu_hash", "lru_percpu_hash"})


def show_report(report: dict[str, Any], source: str, screen: Screen, *, limit: int) -> None:
    """Everything about one program."""
    heading = f"{report['name']} ({report['type']}) of {source}"
    screen.line(f"{screen.style(heading, 'bold')}: {what_ran(report)}")
    show_verdicts(report, screen, limit)
    show_result(report, screen)
    for trap in report["traps"]["shown"]:
        show_trap(trap, screen)
    elsewhere = report["traps"]["count"] - sum(trap["count"] for trap in report["traps"]["shown"])
    if elsewhere:
        screen.line(f"… and {elsewhere} more traps, whose places were not looked for")
    show_time(report, screen)
    for redirect in report["redirects"]:
        target = f"map {redirect['map']}[{redirect['key']}]" if redirect["map"] else f"interface {redirect['ifindex']}"
        screen.line(f"redirected to {target}: {redirect['runs']}")
    if screen.quiet:
        return
    for record in report["maps"]:
        if not record["data"] or screen.verbose or record["name"].startswith((".data", ".bss")):
            show_map(record, screen, limit)
    show_events(report["events"], screen, limit)
    show_trace(report["trace"], screen, limit)


def what_ran(report: dict[str, Any]) -> str:
    """`284 packets, 35.5 kB`."""
    if report["packets"] is None:
        return counted(report["runs"], "run")
    skipped = f", {report['skipped']} too short for it left out" if report["skipped"] else ""
    return f"{counted(report['packets'], 'packet')}, {size_text(report['bytes'])}{skipped}"


def counted(count: int, what: str) -> str:
    """`1 packet`, `284 packets`."""
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def size_text(count: int) -> str:
    """Bytes for people."""
    if count < 1000:
        return f"{count} bytes"
    for unit in ("kB", "MB", "GB"):
        if (count := count / 1000) < 1000 or unit == "GB":  # type: ignore[assignment]
            break
    return f"{count:.1f} {unit}"


def show_verdicts(report: dict[str, Any], screen: Screen, limit: int) -> None:
    """What the program returned, and how often; traps count as one more verdict."""
    verdicts, traps = report["verdicts"], report["traps"]["count"]
    if report["packets"] is None:
        if verdicts:
            row = verdicts[0]
            screen.line(f"returned {row['name'] if row['name'] != str(row['value']) else value_text(row['value'])}")
        return
    from rich.text import Text

    shown = verdicts[:limit] if limit else verdicts
    rows = [[Text(row["name"], style=STYLES[row["disposition"]]), row["runs"], f"{row['bytes']:,}"] for row in shown]
    others = verdicts[len(shown) :]
    if others:
        rows.append([f"{len(others)} other values", sum(row["runs"] for row in others), f"{sum(row['bytes'] for row in others):,}"])
    if traps:
        rows.append([Text("trapped", style="bold red"), traps, ""])
    cells = [[name, f"{runs:,}", f"{100 * runs / (report['packets'] or 1):.1f} %", size] for name, runs, size in rows]
    screen.table([("verdict", "left"), ("packets", "right"), ("share", "right"), ("bytes", "right")], cells)


def value_text(value: int) -> str:
    """A return value in decimal, and in hex where that says more."""
    return str(value) if value < 10 else f"{value} ({value:#x})"


def show_result(report: dict[str, Any], screen: Screen) -> None:
    """After a single run: the packet or memory as it is now."""
    result = report["result"] or {}
    if result.get("context"):
        fields = ", ".join(f"{name} = {value}" for name, value in result["context"].items())
        screen.line(f"context afterwards: {fields}")
    for what in ("packet", "data"):
        if result.get(what):
            screen.line(f"{what} afterwards, {len(result[what]) // 2} bytes:")
            for line in hex_lines(bytes.fromhex(result[what])):
                screen.line(line)


def hex_lines(data: bytes, most: int = 16) -> Iterator[str]:
    """A hex dump, cut after `most` lines."""
    for at in range(0, min(len(data), 16 * most), 16):
        part = data[at : at + 16]
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in part)
        yield f"  {at:04x}  {part.hex(' '):47}  {text}"
    if len(data) > 16 * most:
        yield f"  … {len(data) - 16 * most} bytes more"


def show_trap(trap: dict[str, Any], screen: Screen) -> None:
    """Where the program went wrong, as a compiler would show it."""
    where = f"packet {trap['packet']}: " if trap["packet"] is not None else ""
    if trap["count"] > 1:
        where = f"{counted(trap['count'], 'packet')}, first {where}"
    place = f" (instruction {trap['insn']} of {trap['function']})" if trap["insn"] is not None else ""
    message = f"{screen.style('trap:', 'error')} {where}{trap['message']}{place}"
    source = trap["source"]
    if source is None:
        screen.line(message)
        return
    position = SourcePosition(short_path(source["file"]), source["line"], source["column"] or 0, text=source["text"])
    screen.line(f"{screen.style(f'{position}:', 'bold')} {message}")
    for line in caret_lines(position, screen):
        screen.line(line)


def show_time(report: dict[str, Any], screen: Screen) -> None:
    """Time and instructions of a run."""
    if report["ns_per_run"] is None:
        return
    what = "packet" if report["packets"] is not None else "run"
    if report["checked"]:
        steps = round(report["steps"] / report["runs"])
        screen.line(f"{report['ns_per_run']:,.0f} ns and {counted(steps, 'instruction')} per {what} (checked)")
    elif report["max_path_insns"] is None:
        screen.line(f"{report['ns_per_run']:,.0f} ns per {what} (in the Linux kernel)")
    else:
        screen.line(f"{report['ns_per_run']:,.0f} ns per {what} (verified: at most {counted(report['max_path_insns'], 'instruction')})")


# ---- tables of maps and events


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """A value as columns: members of structs by name, one inside the other joined by a dot."""
    if isinstance(value, dict):
        out: dict[str, Any] = {}
        for key, inner in value.items():
            out |= flat(inner, f"{name}.{key}" if name else str(key))
        return out
    return {name: value}


def cell(value: Any) -> str:
    """A cell's text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(cell, value)) if isinstance(value, list) else str(value)
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def is_empty(value: Any) -> bool:
    """Zero, as maps are full of it."""
    if isinstance(value, dict):
        return all(map(is_empty, value.values()))
    if isinstance(value, list):
        return all(map(is_empty, value))
    return value in {0, ""} or (isinstance(value, str) and not value.strip("0")) or value == "::"


def short_names(names: Sequence[str]) -> list[str]:
    """Column titles without the outer names where the last one is unique."""
    last = [name.rpartition(".")[2] for name in names]
    return [short if last.count(short) == 1 else name for name, short in zip(names, last, strict=True)]


def show_table(title: str, rows: Sequence[Mapping[str, Any]], screen: Screen, *, total: int, limit: int) -> None:
    """Rows under the columns that any of them has something in; the first `limit`, with a note on the others."""
    shown = rows[:limit] if limit else rows
    names = list(dict.fromkeys(name for row in shown for name in row))
    names = [name for name in names if name == "key" or not all(is_empty(row.get(name, 0)) for row in shown)] or names[:1]
    numeric = {name for name in names if all(isinstance(row.get(name, 0), int) for row in shown)}
    columns = [(short, "right" if name in numeric else "left") for name, short in zip(names, short_names(names), strict=True)]
    screen.line()
    screen.line(title)
    screen.table(columns, [[cell(row[name]) if name in row else "" for name in names] for row in shown])  # type: ignore[arg-type]
    if total > len(shown):
        screen.line(screen.style(f"  … {total - len(shown):,} more (--limit 0 shows all)", "dim"))


def show_map(record: dict[str, Any], screen: Screen, limit: int) -> None:
    """One map's entries as a table."""
    name = f"map {screen.style(record['name'], 'bold')} ({record['type']})"
    if record["entries"] is None:
        return
    entries = record["entries"]
    kept = [entry for entry in entries if not is_empty(entry["value"])] if "array" in record["type"] else entries
    if not kept:
        screen.line()
        screen.line(f"{name}: {'all zero' if entries else 'empty'}")
        return
    if record["type"] in UNORDERED:
        kept = sorted(kept, key=lambda entry: -weight(entry["value"]))
    rows = [row_of(entry) for entry in kept]
    title = f"{name}: {record['count']:,} of {record['max_entries']:,} entries"
    if len(kept) < len(entries):
        title += f", {len(entries) - len(kept)} of them zero"
    show_table(title, rows, screen, total=len(kept), limit=limit)


def weight(value: Any) -> int:
    """What an entry has counted: the first number in its value (of every CPU)."""
    if isinstance(value, list):
        return sum(map(weight, value))
    return next((number for number in flat(value).values() if isinstance(number, int)), 0)


def row_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Key and value as one row. Values of several CPUs are summed where they are numbers."""
    value = entry["value"]
    if isinstance(value, list) and value and all(type(v) is type(value[0]) for v in value):
        value = value[0] if len(value) == 1 else total_of(value)
    key = flat(entry["key"], "" if isinstance(entry["key"], dict) else "key") if entry["key"] is not None else {}
    inner = flat(value, "" if isinstance(value, dict) else "value")
    return key | {(f"value.{name}" if name in key else name): content for name, content in inner.items()}


def total_of(values: list[Any]) -> Any:
    """The sum over CPUs, member by member; what cannot be summed stays a list."""
    if all(isinstance(v, dict) for v in values):
        return {name: total_of([v[name] for v in values]) for name in values[0]}
    if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return sum(values)
    return values


def show_events(events: dict[str, Any], screen: Screen, limit: int) -> None:
    """Records of ring and perf buffers, one table for each buffer."""
    for name in dict.fromkeys(record["map"] for record in events["records"]):
        records = [record for record in events["records"] if record["map"] == name]
        title = f"events of map {screen.style(name, 'bold')}: {len(records):,}"
        rows = [flat(record["record"]) if isinstance(record["record"], dict) else {"bytes": record["bytes"]} for record in records]
        if all(record["record"] is None for record in records):
            title += f" (their type is not known: --record {name}=TYPE says it)"
        show_table(title, rows, screen, total=len(records), limit=limit)
    kept = len(events["records"])
    if events["count"] > kept:
        screen.line(screen.style(f"  there were {events['count']:,} events; the first {kept:,} are kept", "dim"))


def show_trace(trace: dict[str, Any], screen: Screen, limit: int) -> None:
    """Lines of trace_printk."""
    if not trace["count"]:
        return
    screen.line()
    screen.line(f"trace output: {counted(trace['count'], 'line')}")
    lines = trace["lines"][:limit] if limit else trace["lines"]
    for line in lines:
        screen.line("  " + "".join(c if c.isprintable() else "?" for c in line["text"]))
    if trace["count"] > len(lines):
        screen.line(screen.style(f"  … {trace['count'] - len(lines):,} more (--limit 0 shows all)", "dim"))
