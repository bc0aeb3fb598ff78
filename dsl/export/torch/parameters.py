"""Hyperparameters in PyTorch: the constructor that takes them, the group that holds them.

`b1` and `b2` (and `b3`) together are the one parameter `betas`; the horizon is an entry of its own.
"""

import ast
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dsl.export.code import Code
from dsl.export.expressions import call, expression, format_float
from dsl.export.facts import Facts
from dsl.export.header import argument, prose
from dsl.export.names import Names
from dsl.export.torch.point import MODE, paragraph
from dsl.language.hyperparameters import COMMON, Hyper, host_name
from dsl.language.oracle import Source
from dsl.language.sources import LOSS
from dsl.program.stated import range_text

FLAGS = ("foreach", "capturable", "differentiable", "fused")
"""Arguments of PyTorch's own optimizers; `_refuse` says why a file has no use for one."""

_TAKEN = {
    *("self", "params", "maximize", "seed", "horizon", "betas", "defaults", "index", "beta", MODE),
    *("torch", "Any", "super", "enumerate", "ValueError", "RuntimeError", *FLAGS),
}
"""Names that the constructor has a use for."""

_OF_GROUPS = {
    *("params", "param_names", "betas", "maximize", "foreach", "seed", "horizon", MODE),
    *("initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr"),
}
"""Keys of a group besides hyperparameters: of every file, of PyTorch, of its schedulers."""

_REFUSED = {
    host_name(name, "torch"): hyper.refused for name, hyper in COMMON.items() if hyper.refused
}
"""The hyperparameters that PyTorch wants positive or zero, in the words of its errors."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the constructor, for one hyperparameter of the program or several."""

    label: str
    hypers: tuple[str, ...]
    values: tuple[float, ...]
    whole: bool = False
    ranges: tuple[Hyper | None, ...] = (None,)
    """The statements of the rule itself about each, if it has some."""

    @property
    def typed(self) -> str:
        """The parameter with its type and default."""
        if self.label == "betas":
            kind = f"tuple[{', '.join('float' for _ in self.values)}]"
            return f"betas: {kind} = ({', '.join(map(format_float, self.values))})"
        if self.whole:
            return f"{self.label}: int = {int(self.values[0])}"
        kind = "float | torch.Tensor" if self.label == "lr" else "float"
        return f"{self.label}: {kind} = {format_float(self.values[0])}"

    def checks(self) -> list[str]:
        """Lines that refuse a value out of range: in PyTorch's words, and then that of the rule."""
        return [*self._usual_checks(), *self._stated_checks()]

    def _stated_checks(self) -> list[str]:
        lines: list[str] = []
        for at, hyper in enumerate(self.ranges):
            range = range_text(hyper) if hyper else ""
            if not (hyper and range):
                continue
            value = f"{self.label}[{at}]" if self.label == "betas" else self.label
            low, high = (
                format_float(x) if math.isfinite(x) else "" for x in (hyper.low, hyper.high)
            )
            between = f"{low} <= {value}" if low else ""
            between = f"{between or value} <= {high}" if high else between
            whole = f"{value} == int({value})" if hyper.whole and not self.whole else ""
            test = " and ".join(filter(None, (between, whole)))
            if test:
                refusal = f'f"Invalid {value}: {{{value}}}, it is {range}"'
                lines += [f"        if not ({test}):", f"            raise ValueError({refusal})"]
        return lines

    @property
    def never_negative(self) -> bool:
        """True if the usual checks refuse a value below 0."""
        if self.label == "betas":
            return all(0 <= beta < 1 for beta in self.values)
        return self.label in _REFUSED and self.values[0] >= 0

    def _usual_checks(self) -> list[str]:
        if not self.never_negative:
            return []
        if self.label == "betas":
            refusal = 'f"Invalid beta parameter at index {index}: {beta}"'
            many = len(self.values)
            wrong = f'f"Invalid betas, of which there are {many}: {{betas}}"'
            return [
                f"        if len(betas) != {many}:",
                f"            raise ValueError({wrong})",
                "        for index, beta in enumerate(betas):",
                "            if not 0.0 <= beta < 1.0:",
                f"                raise ValueError({refusal})",
            ]
        refusal = f'f"Invalid {_REFUSED[self.label]}: {{{self.label}}}"'
        return [
            f"        if not {self.label} >= 0.0:",
            f"            raise ValueError({refusal})",
        ]


class Parameters:
    """The hyperparameters of a program as the constructor and the groups have them."""

    def __init__(self, facts: Facts, called: Mapping[str, str]):
        self.facts = facts
        self.called = called
        values, stated = facts.program.hyperparameters, facts.program.meanings
        self.betas, labels = _betas_and_labels(values)
        taken: list[Parameter] = []
        for name, value in values.items():
            if name in labels:
                whole = name in facts.whole and value == int(value)
                taken.append(Parameter(labels[name], (name,), (value,), whole, (stated.get(name),)))
            elif name == "b1":
                ranges = tuple(map(stated.get, self.betas))
                numbers = tuple(values[b] for b in self.betas)
                taken.append(Parameter("betas", self.betas, numbers, ranges=ranges))
        self.taken = sorted(taken, key=lambda parameter: parameter.label != "lr")
        """The parameters of the constructor, the learning rate first."""
        self.keys = {p.hypers[0]: p.label for p in taken if p.label != "betas"}

    def never_negative(self) -> set[str]:
        """The hyperparameters that the constructor refuses below 0."""
        return {name for each in self.taken if each.never_negative for name in each.hypers}

    def entry(self, name: str) -> ast.expr:
        """The expression for a hyperparameter, or the horizon, of `group`."""
        if name == "T":
            return expression('float(group["horizon"])')
        if name in self.betas:
            return expression(f'group["betas"][{self.betas.index(name)}]')
        return expression(f'group["{self.keys[name]}"]')

    def read(self, code: Code, uses: Collection[str], *, plain_rate: bool = False) -> None:
        """Write lines that read from `group` the hyperparameters, and the horizon, in `uses`; with
        `plain_rate` the rate as a Python number, which it is not where it was given as a tensor.
        """
        betas = [self.called[beta] if self.called[beta] in uses else "_" for beta in self.betas]
        if set(betas) - {"_"}:
            code.assign(", ".join(betas), expression('group["betas"]'))
        for name in self.keys:
            if self.called[name] in uses:
                entry = self.entry(name)
                plain = plain_rate and name == "lr"
                code.assign(self.called[name], call("float", entry) if plain else entry)
        if "T" in uses:
            code.assign("T", self.entry("T"))

    def docstring(self, title: str, *, at_once: bool, of_first: bool) -> list[str]:
        """The docstring of the class: what it is, what `step` needs, its arguments.

        **Arguments:** `at_once`: whether there is a step of many parameters at once. `of_first`:
        whether numbers of the model follow the hyperparameters of the first group.
        """
        entries = argument("params", "parameters to optimize, or groups of them.")
        for parameter in self.taken:
            known = self.facts.meanings
            meanings = [known[name] for name in parameter.hypers if name in known]
            meaning = "; ".join(meanings) or "a constant of the rule, see the formula"
            entries += argument(parameter.label, f"{meaning}.")
        if "T" in self.facts.reads:
            entries += argument("horizon", "the number of steps of the whole training.")
        climb = "climb instead of descend."
        if "loss" in self.facts.reads:
            climb = "refused, since the rule reads the loss and lets it fall: negate that instead."
        entries += argument("maximize", climb)
        if at_once:
            entries += argument(
                "foreach", "take the step of all tensors at once; by default on CUDA only."
            )
        if self.facts.noisy:
            entries += argument("seed", "seeds the noise.")
        refused = ", ".join(FLAGS[1:] if at_once else FLAGS)
        entries += argument(refused, "refused, with the reason.")
        lines = [f'    """{title}; the formula heads this file.', ""]
        if needs_closure(self.facts):
            backward = ". It may call `backward()`, as for other optimizers."
            if LOSS in self.facts.sources:
                backward = (
                    ", and may call `zero_grad()` and `backward()`, as for other optimizers. "
                    "The gradients are those of `backward()`, called there or before `step`."
                )
            wanted = "`step` needs a closure that returns the loss of the batch"
            lines += [*prose(f"{wanted} at the present parameters{backward}", 4), ""]
        for source in functions(self.facts):
            lines += [*prose(f"`step` needs `{source.argument}`: {source.here}.", 4), ""]
        if self.rateless:
            none = "There is no learning rate `lr`, so a scheduler of rates has nothing to change."
            lines += [*prose(none, 4), ""]
        if of_first:
            shared = (
                "Numbers of the whole model are made with the hyperparameters of the first group."
            )
            lines += [*prose(shared, 4), ""]
        lines += paragraph() if self.facts.point else []
        return [*lines, "    Args:", *entries, '    """']

    @property
    def rateless(self) -> bool:
        """True if the rule has no rate that a scheduler could change."""
        return all(parameter.label != "lr" for parameter in self.taken)

    def adding(self, *, numbers: bool) -> list[str]:
        """The method that adds a group, where it gets `numbers` of its own or has to say why it
        has no rate."""
        if not (numbers or self.rateless):
            return []
        gets = [
            *(["has numbers of its own"] if numbers else []),
            *(["says to a scheduler that it has no rate"] if self.rateless else []),
        ]
        said = f"Add a group, which {' and '.join(gets)}."
        rateless = "        self.param_groups[-1] = _Group(self.param_groups[-1])"
        return [
            "",
            "    def add_param_group(self, param_group: dict[str, Any]) -> None:",
            f'        """{said}"""',
            "        super().add_param_group(param_group)",
            *([rateless] if self.rateless else []),
            *(["        self._start_numbers(self.param_groups[-1])"] if numbers else []),
        ]


def keys_of_groups(facts: Facts) -> set[str]:
    """The keys that a group has for hyperparameters, PyTorch and its schedulers."""
    _, labels = _betas_and_labels(facts.program.hyperparameters)
    return {*labels.values(), *_OF_GROUPS}


def entry_of_group(facts: Facts, name: str, group: str) -> ast.expr:
    """The expression for a hyperparameter as an entry of a group."""
    betas, labels = _betas_and_labels(facts.program.hyperparameters)
    if name in betas:
        return expression(f'{group}["betas"][{betas.index(name)}]')
    return expression(f'{group}["{labels[name]}"]')


def _betas_and_labels(hypers: Collection[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The decays that are the one parameter `betas`, and what the others are called."""
    decays = sorted(name for name in hypers if host_name(name, "torch") == "betas")
    betas = tuple(decays) if {"b1", "b2"} <= set(decays) else ()
    return betas, _labels([name for name in hypers if name not in betas], alone=decays)


def _labels(hypers: list[str], alone: list[str]) -> dict[str, str]:
    """The constructor's names of hyperparameters; `alone` are those that PyTorch has together.

    A first decay without a second is PyTorch's `momentum`, which its schedulers cycle.
    """
    momentum = {"b1": "momentum"} if alone == ["b1"] and "momentum" not in hypers else {}
    wanted = {
        name: momentum.get(name, name) if name in alone else host_name(name, "torch")
        for name in hypers
    }
    names = Names(())
    given = {name: names.take(label) for name, label in wanted.items() if label != name}
    return {**given, **names.take_all([name for name in hypers if name not in given], _TAKEN)}


def needs_closure(facts: Facts) -> bool:
    """True if a step reads the loss, or asks for it at other points."""
    return LOSS in facts.sources or "loss" in facts.reads


def functions(facts: Facts) -> list[Source]:
    """The functions that a step takes besides the closure, which gives the loss."""
    return [source for source in facts.sources if source is not LOSS]
