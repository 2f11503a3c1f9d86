"""What processes cost: CPU time and memory, from /proc."""
import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def _fields(pid):
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def family(pid):
    """`pid` and its children: nginx works in those."""
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += map(int, (task / "children").read_text(encoding="ascii").split())
    return [pid, *children]


def cpu_s(stack, units):
    """unit → seconds of CPU that it has used so far."""
    found = {}
    for unit in units:
        ticks = 0
        for pid in family(stack.pid(unit)):
            fields = _fields(pid)
            ticks += int(fields[11]) + int(fields[12])
        found[unit] = ticks * TICK_S
    return found


def pss_mib(pid):
    """The process' own memory and its share of what it shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss of {pid}")


class Meter:
    """CPU of some units over a stretch: `with Meter(stack, units) as m: …`, then m.used: unit → seconds."""

    def __init__(self, stack, units):
        self.stack, self.units = stack, units
        self.used = {}

    def __enter__(self):
        self._before = cpu_s(self.stack, self.units)
        return self

    def __exit__(self, *_):
        after = cpu_s(self.stack, self.units)
        self.used = {u: after[u] - self._before[u] for u in self.units}

    def micros_each(self, n):
        """unit → µs for each of `n` requests."""
        return {u: s * 1e6 / n for u, s in self.used.items()}
