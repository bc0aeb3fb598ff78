"""Hyperparameters as PyTorch has them: their names, the constructor's, and how a step reads them.

`wd` is `weight_decay`; `b1` and `b2` (and `b3`) are `betas`; the horizon is one more entry.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dsl.export.expressions import format_float
from dsl.export.names import safe
from dsl.program import Program

_TAKEN = {"params", "maximize", "seed", "horizon", "betas", "lr_"}


@dataclass(frozen=True)
class Hyper:
    """A parameter of the constructor."""

    label: str
    type: str
    default: str
    values: tuple[float, ...]


class Groups:
    """The entries of a parameter group that hold the numbers of a program."""

    def __init__(self, program: Program, called: Mapping[str, str]):
        self.values = program.hyperparameters
        self.called = called
        self.betas: list[str] = []
        if "b1" in self.values and "b2" in self.values:
            while (beta := f"b{len(self.betas) + 1}") in self.values:
                self.betas.append(beta)
        self.keys = {
            hyper: "weight_decay" if hyper == "wd" else safe(hyper, _TAKEN)
            for hyper in self.values
            if hyper not in self.betas
        }

    def hypers(self) -> list[Hyper]:
        """The parameters of the constructor, the learning rate first."""
        made = []
        for hyper, value in self.values.items():
            if hyper in self.keys:
                kind = "float | torch.Tensor" if hyper == "lr" else "float"
                made.append(Hyper(self.keys[hyper], kind, format_float(value), (value,)))
            elif hyper == self.betas[0]:
                values = tuple(self.values[b] for b in self.betas)
                kinds = ", ".join(["float"] * len(values))
                default = f"({', '.join(map(format_float, values))})"
                made.append(Hyper("betas", f"tuple[{kinds}]", default, values))
        return sorted(made, key=lambda h: h.label != "lr")

    def entry(self, name: str) -> str:
        """The expression for a hyperparameter, or the horizon, of `group`."""
        if name == "T":
            return 'float(group["horizon"])'
        if name in self.betas:
            return f'group["betas"][{self.betas.index(name)}]'
        return f'group["{self.keys[name]}"]'

    def lines(self, reads: Collection[str], indent: int) -> list[str]:
        """Lines that read from `group` the hyperparameters, and the horizon, among `reads`."""
        made = []
        used = [self.called[beta] if beta in reads else "_" for beta in self.betas]
        if set(used) - {"_"}:
            made.append(f'{", ".join(used)} = group["betas"]')
        made += [f"{self.called[h]} = {self.entry(h)}" for h in self.keys if h in reads]
        made += [f"T = {self.entry('T')}"] if "T" in reads else []
        return [" " * indent + line for line in made]
