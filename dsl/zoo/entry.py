"""What a zoo entry holds besides its program: its source and what it is checked against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dsl.program import Program
from dsl.trace import program as trace


@dataclass(frozen=True)
class Curvature:
    """A Hessian estimate that a reference takes from its caller.

    `keyword` is the argument of the reference's `step` that holds it, a list of tensors. `draw` and
    `stream` say which noise `z` the program draws for it; `estimate` is the estimate of one tensor
    as an expression over `z`, `hz` (the Hessian times `z`) and primitives. It is given on steps 1,
    1 + period, ...; `period` may be an expression over hyperparameters.
    """

    keyword: str
    draw: str
    estimate: str
    period: str | int = 1
    stream: int = 0


@dataclass(frozen=True)
class Reference:
    """An implementation that the program agrees with, step by step, at any learning-rate schedule.

    `target` is `module:function` of Optax, `torch.optim` or `pytorch_optimizer`. `arguments` maps
    the parameter names of that function to what they are here: a string is an expression over
    hyperparameters (`"b1"`, `"lr / gamma"`), a tuple holds several, a number or flag is passed as
    it is. `at` holds hyperparameters for the comparison where the defaults would hide a difference:
    a rate that moves the parameters, a period that comes round. `note` says where the reference
    departs from the program, by less than the comparison allows.
    """

    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    curvature: Curvature | None = None
    at: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A known optimizer; `year` is that of publication, or of the preprint if there is no other."""

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
