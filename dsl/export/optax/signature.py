"""Parameters of the functions that make an optimizer, and what their docstrings say of them."""

from dsl.export.expressions import format_float
from dsl.export.facts import Facts
from dsl.export.header import prose
from dsl.export.layout import function_head
from dsl.export.optax.plan import Plan
from dsl.export.optax.values import HOST_NAMES, Values

_RETURNS = "optax.GradientTransformationExtraArgs"
_MEANINGS = {
    "lr": "the rate, a number or a schedule of the steps taken.",
    "wd": "the strength of the weight decay.",
    "eps": "a small number that keeps a denominator from zero.",
}


def label_of(values: Values, hyper: str) -> str:
    """What a hyperparameter is called in the file."""
    return HOST_NAMES.get(hyper) or values.called[hyper]


def function(plan: Plan, values: Values, *, whole: bool, summary: str) -> list[str]:
    """Head and docstring of the function for the `whole` rule or for `scale_by_...`."""
    facts, label = (plan.full, plan.name) if whole else (plan.inner, plan.transform)
    lines = function_head(0, label, _parameters(plan, facts, values, whole=whole), _RETURNS)
    first, *more = prose(summary, 4)
    head = [f'    """{first.strip()}', *more]
    return [*lines, *head, *_sections(plan, facts, values, whole=whole), '    """']


def _hypers(facts: Facts, *, whole: bool) -> list[tuple[str, float]]:
    """Name and default of what the function takes, the rate first."""
    taken = [
        (hyper, value)
        for hyper, value in facts.program.hyperparameters.items()
        if whole or hyper != "lr"
    ]
    return sorted(taken, key=lambda h: h[0] != "lr")


def _parameters(plan: Plan, facts: Facts, values: Values, *, whole: bool) -> list[str]:
    params = []
    for hyper, value in _hypers(facts, whole=whole):
        kind = "optax.ScalarOrSchedule" if hyper == "lr" else "float"
        params.append(f"{label_of(values, hyper)}: {kind} = {format_float(value)}")
    params += ["mask: Any = None"] if plan.decays and whole else []
    flags = ["horizon: int"] if "T" in plan.inner.reads else []
    flags += ["seed: int = 0"] if plan.inner.noisy else []
    return [*params, "*", *flags] if flags else params


def _sections(plan: Plan, facts: Facts, values: Values, *, whole: bool) -> list[str]:
    """The sections of the docstring: `Args:`, what `update` needs, `Returns:`."""
    entries = []
    for hyper, _ in _hypers(facts, whole=whole):
        meaning = _MEANINGS.get(hyper, "a constant of the rule, see the formula.")
        entries.append(f"{label_of(values, hyper)}: {meaning}")
    if plan.decays and whole:
        entries.append("mask: a tree of flags, or a function of the parameters that makes one:")
        entries.append("  which of them decay. All by default.")
    if "T" in plan.inner.reads:
        entries.append("horizon: the number of steps of the whole training.")
    if plan.inner.noisy:
        entries.append("seed: seeds the noise.")
    lines = ["", "    Args:", *(f"        {entry}" for entry in entries)] if entries else []
    extra = []
    if "loss" in plan.inner.reads:
        extra.append("`value`, the loss at the parameters")
    extra += [f"`{source.argument}`, {source.holds}" for source in plan.inner.sources]
    if extra:
        lines += ["", *prose(f"`update` needs {'; and '.join(extra)}.", 4)]
    return [*lines, "", "    Returns:", f"        An `{_RETURNS}`."]
