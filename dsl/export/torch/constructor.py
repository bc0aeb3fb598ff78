"""The head of the class: its docstring, its constructor and what that refuses."""

from dsl.export.facts import Facts
from dsl.export.header import prose
from dsl.export.layout import WIDTH, layout
from dsl.export.torch.groups import Groups, Hyper
from dsl.export.torch.step import functions, needs_closure

_MEANINGS = {
    "lr": "the learning rate.",
    "betas": "the constants of the averages.",
    "eps": "a small number that keeps a denominator from zero.",
    "weight_decay": "the strength of the weight decay.",
}
_REFUSED = {"lr": "learning rate", "eps": "epsilon value", "weight_decay": "weight_decay value"}
"""What PyTorch calls the hyperparameters that it wants positive or zero."""


def class_docstring(facts: Facts, groups: Groups, title: str) -> list[str]:
    """What the class says of itself and its arguments."""
    entries = ["params: parameters to optimize, or groups of them."]
    for hyper in groups.hypers():
        meaning = _MEANINGS.get(hyper.label, "a constant of the rule, see the formula.")
        entries.append(f"{hyper.label}: {meaning}")
    if "T" in facts.reads:
        entries.append("horizon: the number of steps of the whole training.")
    entries.append("maximize: climb instead of descend.")
    if facts.noisy:
        entries.append("seed: seeds the noise.")
    lines = [f'    """{title}; the formula heads this file.', ""]
    if needs_closure(facts):
        backward = ". It may call `backward()`, as for other optimizers."
        if facts.oracles:
            backward = (
                ", and does not call `backward()`. "
                "The gradients are those of `backward()`, called before `step`."
            )
        wanted = "`step` needs a closure that returns the loss of the batch"
        lines += [*prose(f"{wanted} at the present parameters{backward}", 4), ""]
    for source in functions(facts):
        lines += [*prose(f"`step` needs `{source.argument}`: {source.here}.", 4), ""]
    return [*lines, "    Args:", *(f"        {e}" for e in entries), '    """']


def constructor(facts: Facts, groups: Groups) -> list[str]:
    """`__init__` and `__setstate__`."""
    hypers = groups.hypers()
    flags = {"horizon": "horizon: int"} if "T" in facts.reads else {}
    flags["maximize"] = "maximize: bool = False"
    if facts.noisy:
        flags["seed"] = "seed: int = 0"
    typed = [f"{h.label}: {h.type} = {h.default}" for h in hypers]
    params = ["self", "params: Any", *typed, "*", *flags.values()]
    lines = layout(4, "def __init__(", params, ") -> None:")
    for hyper in hypers:
        lines += _check(hyper)
    entries = [f'"{key}": {key}' for key in (*(h.label for h in hypers), *flags)]
    line = f"        defaults = {{{', '.join(entries)}}}"
    if len(line) > WIDTH:
        lines += ["        defaults = {", *(f"            {e}," for e in entries), "        }"]
    else:
        lines.append(line)
    return [
        *lines,
        "        super().__init__(params, defaults)",
        "",
        "    def __setstate__(self, state: dict[str, Any]) -> None:",
        "        super().__setstate__(state)",
        "        for group in self.param_groups:",
        '            group.setdefault("maximize", False)',
    ]


def _check(hyper: Hyper) -> list[str]:
    """What refuses a hyperparameter out of range, in PyTorch's words."""
    if hyper.label == "betas":
        if not all(0 <= beta < 1 for beta in hyper.values):
            return []
        refusal = 'f"Invalid beta parameter at index {index}: {beta}"'
        return [
            "        for index, beta in enumerate(betas):",
            "            if not 0.0 <= beta < 1.0:",
            f"                raise ValueError({refusal})",
        ]
    if hyper.label not in _REFUSED or hyper.values[0] < 0:
        return []
    refusal = f'f"Invalid {_REFUSED[hyper.label]}: {{{hyper.label}}}"'
    return [f"        if not {hyper.label} >= 0.0:", f"            raise ValueError({refusal})"]
