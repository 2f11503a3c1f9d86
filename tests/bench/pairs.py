"""Runs in pairs, A B A B …, because only what runs side by side on a shared machine can be compared; and the lines they become."""
import dataclasses
import statistics


@dataclasses.dataclass
class Line:
    """One measure: a value against a goal. `at_least`: the goal is a lower bound, else an upper one. Without a goal it informs."""
    name: str
    value: float
    goal: float = None
    at_least: bool = True
    digits: int = 3
    notes: list = dataclasses.field(default_factory=list)
    data: dict = dataclasses.field(default_factory=dict)

    @property
    def ok(self):
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def text(self):
        head = f"{self.name} {self.value:.{self.digits}f}"
        head += " - info" if self.goal is None else f" {self.goal:g} {'ok' if self.ok else 'short'}"
        return "\n".join([head, *(f"    {note}" for note in self.notes)])

    def json(self):
        return {"name": self.name, "value": self.value, "goal": self.goal, "at_least": self.at_least, "ok": self.ok, "notes": self.notes,
                **self.data}


class Pairs:
    """The outcomes of the paired runs of `a` and `b`, functions that return an object with a `rate`."""

    def __init__(self, a, b, n):
        self.a, self.b = [], []
        for _ in range(n):
            self.a.append(a())
            self.b.append(b())

    @property
    def ratios(self):
        return [a.rate / b.rate for a, b in zip(self.a, self.b)]

    def line(self, name, goal, unit, notes=(), at_least=True):
        ratios = self.ratios
        rates = [statistics.median(x.rate for x in side) for side in (self.a, self.b)]
        spread = f"min {min(ratios):.3f} max {max(ratios):.3f} of {len(ratios)} pairs; {rates[0]:,.0f} against {rates[1]:,.0f} {unit}"
        return Line(name, statistics.median(ratios), goal, at_least, notes=[spread, *notes],
                    data={"min": min(ratios), "max": max(ratios), "ratios": ratios, "rates": rates, "unit": unit})


def median_of(outcomes, value):
    return statistics.median(value(x) for x in outcomes)
