"""What a zoo entry holds besides its program: its source and what it is checked against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dsl.program import Program
from dsl.trace import program as trace


@dataclass(frozen=True)
class Reference:
    """An implementation that the program agrees with, step by step.

    `target` is `module:function` of Optax, `torch.optim` or `pytorch_optimizer`. `arguments` maps
    the parameter names of that function to a hyperparameter of the program (`"b1"`), a tuple of
    them, a number or flag to pass as it is, or an expression over hyperparameters (`"1 / lr"`).
    `curvature` names the keyword through which the reference takes a Hessian estimate for each
    step, if it does; the same estimate is the program's own, made from a Hessian-vector product.
    """

    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    curvature: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A known optimizer."""

    program: Program
    paper: str
    year: int
    reference: Reference
    note: str = ""


ENTRIES: dict[str, Entry] = {}


def entry(
    *, paper: str, year: int, reference: Reference, note: str = ""
) -> Callable[[Callable[..., Any]], Program]:
    """Register the decorated function as a rule of the zoo; `dsl.trace.program` has its form."""

    def register(function: Callable[..., Any]) -> Program:
        traced = trace(function)
        if traced.name in ENTRIES:
            raise ValueError(f"zoo entry '{traced.name}' is declared twice")
        ENTRIES[traced.name] = Entry(traced, paper, year, reference, note)
        return traced

    return register
