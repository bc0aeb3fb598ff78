"""The whole Optax file: docstring, imports, functions, state, transformation, alias."""

import builtins
import io
import tokenize

from dsl.export.code import function_head, names_used
from dsl.export.expressions import format_float
from dsl.export.facts import Facts
from dsl.export.header import argument, docstring, prose
from dsl.export.layout import layout
from dsl.export.optax.plan import SCHEDULED, ExportPlan
from dsl.export.optax.transformation import Transformation
from dsl.language.hyperparameters import host_name
from dsl.program import Program

_RETURNS = "optax.GradientTransformationExtraArgs"
_IMPORTED = {"jax", "jnp", "optax", "Any", "NamedTuple", "Callable", "ravel_pytree"}


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
    plan = ExportPlan.of(program, name or program.name)
    return _File(plan).text(evidence)


class _File:
    """Writes the file of one plan."""

    def __init__(self, plan: ExportPlan):
        self.plan = plan
        self.parts = Transformation(plan)

    def text(self, evidence: str | None) -> str:
        plan, parts = self.plan, self.parts
        body = [*self._transformation(), *(["", "", *self._alias()] if plan.paired else [])]
        state = parts.state()
        declared = parts.values.declared
        lines = [*docstring(plan.full, plan.title, evidence), "", *self._imports()]
        for constant in declared.constants:
            lines += ["", constant]
        for text in declared.functions.values():
            lines += ["", "", text]
        source = "\n".join([*lines, "", "", *state, "", "", *body]) + "\n"
        return with_name_to_spare(source, plan.name)

    def _imports(self) -> list[str]:
        functions = self.parts.values.declared.functions.values()
        uses = {*self.parts.uses, *names_used(functions)}
        lines = ["from collections.abc import Callable"] if "Callable" in uses else []
        lines += ["from typing import Any, NamedTuple", ""]
        lines += ["import jax"] if "jax" in uses else []
        lines += ["import jax.numpy as jnp", "import optax"]
        lines += ["from jax.flatten_util import ravel_pytree"] if "ravel_pytree" in uses else []
        return lines

    def _transformation(self) -> list[str]:
        plan, parts = self.plan, self.parts
        what = "before the learning rate" if plan.paired else "the whole rule"
        summary = f"{plan.title}, {what}; the formula heads this file."
        return [
            *self._head(whole=not plan.paired, summary=summary),
            "",
            *parts.init(),
            "",
            *parts.update(),
            "",
            f"    return {_RETURNS}(init, update)",
            *parts.point(),
        ]

    def _alias(self) -> list[str]:
        """The function that puts the learning rate, and the decay, behind the transformation."""
        plan, inner = self.plan, self.plan.inner
        decay = "with weight decay, " if plan.decays else ""
        summary = f"{plan.title}: `{plan.transform}` {decay}scaled by the learning rate."
        labels = [self._label(hyper) for hyper in inner.program.hyperparameters]
        labels += ["mu_dtype"] if plan.momenta else []
        labels += ["horizon"] if "T" in inner.reads else []
        labels += ["seed"] if inner.noisy else []
        passed = [f"{label}={label}" for label in labels]
        lines = self._head(whole=True, summary=summary)
        lines += ["    return optax.chain(", *layout(8, f"{plan.transform}(", passed, "),")]
        lines += ["        optax.add_decayed_weights(weight_decay, mask),"] if plan.decays else []
        return [*lines, "        optax.scale_by_learning_rate(learning_rate),", "    )"]

    def _label(self, hyper: str) -> str:
        """The name of a hyperparameter in the file."""
        return self.parts.emitter.called.get(hyper) or host_name(hyper, "optax")

    def _head(self, *, whole: bool, summary: str) -> list[str]:
        """Head and docstring of the function for the `whole` rule or for `scale_by_...`."""
        plan, inner = self.plan, self.plan.inner
        facts, label = (plan.full, plan.name) if whole else (inner, plan.transform)
        hypers = [h for h in facts.program.hyperparameters.items() if whole or h[0] != "lr"]
        hypers = sorted(hypers, key=lambda h: h[0] != "lr")
        params, entries = [], []
        for hyper, value in hypers:
            kind, default = "float", format_float(value)
            if hyper in SCHEDULED:
                kind = "optax.ScalarOrSchedule"
            elif hyper in facts.whole and value == int(value):
                kind, default = "int", str(int(value))
            params.append(f"{self._label(hyper)}: {kind} = {default}")
            entries += argument(self._label(hyper), _meaning(facts, hyper))
        if plan.decays and whole:
            params.append("mask: Any = None")
            entries += argument(
                "mask",
                "a tree of flags, or a function of the parameters that makes one: which of them "
                "decay. All by default.",
            )
        if plan.momenta:
            params.append("mu_dtype: Any = None")
            entries += argument("mu_dtype", _kept_in(plan.momenta))
        flags = []
        if "T" in inner.reads:
            flags.append("horizon: int")
            entries += argument("horizon", "the number of steps of the whole training.")
        if inner.noisy:
            flags.append("seed: int = 0")
            entries += argument("seed", "seeds the noise.")
        params += ["*", *flags] if flags else []
        first, *more = prose(summary, 4)
        return [
            *function_head(0, label, params, _RETURNS),
            f'    """{first.strip()}',
            *more,
            *(["", "    Args:", *entries] if entries else []),
            *self._needs(),
            "",
            "    Returns:",
            f"        An `{_RETURNS}`.",
            '    """',
        ]

    def _needs(self) -> list[str]:
        """The paragraph about what `update` wants besides gradients and state, and how wrappers
        hand it on."""
        inner = self.plan.inner
        needs = ["`value`, the loss at the parameters"] if "loss" in inner.reads else []
        needs += [f"`{source.argument}`, {source.holds}" for source in inner.sources]
        if not needs:
            return []
        text = f"`update` needs {'; and '.join(needs)}. "
        text += "`optax.MultiSteps` uses what its last call is given: that of all its batches."
        if inner.sources:
            text += (
                " Under `optax.masked` and `optax.partition` a function gets the parameters with "
                "`optax.MaskedNode()` in place of those that are not its own."
            )
        return ["", *prose(text, 4)]


def with_name_to_spare(source: str, name: str) -> str:
    """The file in which only the optimizer is called `name`: a module, a type or a function of
    Python of that name, as far as the file uses it, has an underscore in front."""
    if name not in _IMPORTED and not hasattr(builtins, name):
        return source
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines, last, spared = source.splitlines(), 0, False
    neighbours = zip(tokens, tokens[1:], tokens[2:], strict=False)
    for before, token, after in reversed(list(neighbours)):
        if token.type != tokenize.NAME:
            continue
        row, column = token.start
        line = lines[row - 1]
        if line.startswith(("import ", "from ")):
            last = max(last, row)
        elif token.string == name and before.string not in ("def", ".") and after.string != "=":
            lines[row - 1] = f"{line[:column]}_{line[column:]}"
            spared = True
    spare = ["", f"_{name} = {name}"] if spared else []
    return "\n".join([*lines[:last], *spare, *lines[last:]]) + "\n"


def _meaning(facts: Facts, hyper: str) -> str:
    """The meaning of a hyperparameter, for a docstring."""
    meaning = facts.meanings.get(hyper, "a constant of the rule, see the formula")
    scheduled = ", a number or a schedule of the steps taken" if hyper in SCHEDULED else ""
    return f"{meaning}{scheduled}."


def _kept_in(momenta: tuple[str, ...]) -> str:
    """The meaning of `mu_dtype`, for a docstring."""
    *others, last = [f"`{slot}`" for slot in momenta]
    average = f"averages {', '.join(others)} and {last}" if others else f"average {last}"
    return f"the dtype of the {average} of the gradient; that of the parameters by default."
