"""The whole Optax file: docstring, imports, functions, state, transformation, alias."""

import re

from dsl.export.header import docstring
from dsl.export.layout import layout
from dsl.export.optax.declarations import first_value
from dsl.export.optax.plan import Plan
from dsl.export.optax.signature import function, label_of
from dsl.export.optax.update import write_update
from dsl.export.optax.values import Values
from dsl.language.kinds import Kind
from dsl.program import Program

_FIELDS = {
    Kind.TENSOR: "Any  # a tree like the parameters",
    Kind.SCALAR: "Any  # a tree of numbers, one per parameter tensor",
    Kind.GLOBAL: "jax.Array  # a number",
}


def to_optax_source(
    program: Program, *, name: str | None = None, evidence: str | None = None
) -> str:
    """A Python file with the update rule as an Optax optimizer; it imports JAX and Optax only.

    A rule `lr * u` or `lr * (u + wd * w)` whose state and `u` read neither `lr` (nor `wd`) becomes
    the pair `scale_by_<name>` and `<name>`; any other becomes one transformation `<name>` that
    evaluates a learning-rate schedule itself.

    **Arguments:** `name`: the optimizer's name, the program's by default. `evidence`: text for the
    header, e.g. the campaign and its results.
    **Raises:** ExportError if the program holds what Optax cannot express.
    """
    plan = Plan.of(program.renamed(name) if name else program)
    values = Values(plan.inner, {plan.name, plan.state, plan.transform})
    body = _transformation(plan, values)
    if plan.paired:
        body += ["", "", *_alias(plan, values)]
    state = _state_class(plan, values)
    functions = list(values.functions.values())
    imports = _imports("\n".join([*state, *body, *functions]))
    lines = [*docstring(plan.full, plan.title, evidence), "", *imports]
    for constant in values.borrowed.constants:
        lines += ["", constant]
    for text in functions:
        lines += ["", "", text]
    return "\n".join([*lines, "", "", *state, "", "", *body]) + "\n"


def _imports(text: str) -> list[str]:
    lines = ["from collections.abc import Callable"] if "Callable[" in text else []
    lines += ["from typing import Any, NamedTuple", ""]
    lines += ["import jax"] if re.search(r"\bjax\.", text) else []
    lines += ["import jax.numpy as jnp"] if re.search(r"\bjnp\.", text) else []
    lines.append("import optax")
    lines += ["from jax.flatten_util import ravel_pytree"] if "ravel_pytree(" in text else []
    return lines


def _state_class(plan: Plan, values: Values) -> list[str]:
    lines = [f"class {plan.state}(NamedTuple):", f'    """State of `{plan.transform}`."""', ""]
    lines.append("    count: Any  # steps taken, int32")
    if plan.inner.noisy:
        lines.append("    key: jax.Array  # seeds the noise")
    fields = values.program.slots.items()
    return [*lines, *(f"    {values.fields[slot]}: {_FIELDS[init.kind]}" for slot, init in fields)]


def _transformation(plan: Plan, values: Values) -> list[str]:
    what = "before the learning rate" if plan.paired else "the whole rule"
    summary = f"{plan.title}, {what}; the formula heads this file."
    return [
        *function(plan, values, whole=not plan.paired, summary=summary),
        "",
        *_init(plan, values),
        "",
        *write_update(plan, values),
        "",
        "    return optax.GradientTransformationExtraArgs(init, update)",
    ]


def _init(plan: Plan, values: Values) -> list[str]:
    fields = ["count=jnp.zeros((), jnp.int32)"]
    fields += ["key=jax.random.key(seed)"] if plan.inner.noisy else []
    starts = [
        (values.fields[slot], first_value(rule)) for slot, rule in values.program.slots.items()
    ]
    unused = not any("params" in start for _, start in starts)
    lines = [f"    def init(params: Any) -> {plan.state}:"]
    lines += ["        del params"] if unused else []
    fields += [f"{field}={start}" for field, start in starts]
    return [*lines, *layout(8, f"return {plan.state}(", fields, ")")]


def _alias(plan: Plan, values: Values) -> list[str]:
    """The function that puts the learning rate, and the decay, behind the transformation."""
    decay = "with weight decay, " if plan.decays else ""
    summary = f"{plan.title}: `{plan.transform}` {decay}scaled by the learning rate."
    labels = [label_of(values, hyper) for hyper in plan.inner.program.hyperparameters]
    labels += ["horizon"] if "T" in plan.inner.reads else []
    labels += ["seed"] if plan.inner.noisy else []
    passed = [f"{label}={label}" for label in labels]
    lines = function(plan, values, whole=True, summary=summary)
    lines += ["    return optax.chain(", *layout(8, f"{plan.transform}(", passed, "),")]
    lines += ["        optax.add_decayed_weights(weight_decay, mask),"] if plan.decays else []
    return [*lines, "        optax.scale_by_learning_rate(learning_rate),", "    )"]
