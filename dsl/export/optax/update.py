"""The function `update`: what it refuses, what numbers it reads, the rule, the next state."""

import re

from dsl.export.layout import WIDTH, function_head, layout
from dsl.export.optax.body import DTYPE, Body
from dsl.export.optax.plan import Plan
from dsl.export.optax.values import Values
from dsl.language.kinds import Kind


def write_update(plan: Plan, values: Values) -> list[str]:
    """The function `update` of the transformation."""
    reads, oracles = plan.inner.reads, plan.inner.oracles
    flags = ["value: Any = None"] if "loss" in reads else []
    flags += [f"{s.argument}: Callable[..., Any] | None = None" for s in plan.inner.sources]
    params = ["updates: Any", "state: Any", "params: Any = None"]
    params += [*(["*", *flags] if flags else []), "**extra_args: Any"]
    lines = function_head(4, "update", params, f"tuple[Any, {plan.state}]")
    needs_params = "w" in reads or oracles
    lines.append(f"        del {'' if needs_params else 'params, '}extra_args")
    if needs_params:
        lines += _needs(plan, "params", "reads the parameters: call update(g, state, params)")
    if "loss" in reads:
        lines += _needs(plan, "value", "reads the loss: call update(..., value=loss)")
    for source in plan.inner.sources:
        needed = f"needs the loss: call update(..., {source.argument}={source.example})"
        lines += _needs(plan, source.argument, needed)
    body, result, new_state = _rule(plan, values)
    lines.append("        count = optax.safe_increment(state.count)")
    lines += [f"        {line}" for line in _numbers(values, body)]
    lines += [""] if body and body[0].lstrip().startswith("def ") else []
    lines += [*body, *layout(8, f"new_state = {plan.state}(", new_state, ")")]
    return [*lines, f"        return optax.tree.cast_like({result}, updates), new_state"]


def _needs(plan: Plan, argument: str, message: str) -> list[str]:
    lines = layout(12, "raise ValueError(", [f'"{plan.transform} {message}"'], ")")
    if len(lines[len(lines) // 2]) > WIDTH:
        lines[1:2] = [f'                "{plan.transform} "', f'                "{message}"']
    return [f"        if {argument} is None:", *lines]


def _rule(plan: Plan, values: Values) -> tuple[list[str], str, list[str]]:
    """The lines of the rule, the tree it returns, and the fields of the next state."""
    program, body = values.program, Body(values)
    body.make([program.result, *program.next_values.values()])
    result = body.lifted(program.result, Kind.TENSOR)
    if not plan.paired:
        moves = values.names.take("moves")
        body.write(f"{moves} = jax.tree.map(jnp.negative, {result})")
        result = moves
    fields = ["count", *(["state.key"] if plan.inner.noisy else [])]
    nexts = program.next_values
    for slot, init in program.slots.items():
        value, field = body.lifted(nexts[slot], init.kind), values.fields[slot]
        if init.kind is Kind.GLOBAL:
            fields.append(f"jnp.asarray({value}, state.{field}.dtype)")
        else:
            fields.append(f"optax.tree.cast_like({value}, state.{field})")
    return body.lines, result, fields


def _numbers(values: Values, body: list[str]) -> list[str]:
    """Numbers that the lines of `body` read."""
    words = set(re.findall(r"[\w.]+", "\n".join(body)))
    scheduled = "lr" in words and "lr" in values.program.hyperparameters
    reads_loss = "loss" in words and "loss" in values.facts.reads
    shared = scheduled or reads_loss
    lines = [f"dtype = {DTYPE}"] if shared else []
    if "t" in words:
        lines.append(f"t = jnp.asarray(count, {'dtype' if shared else DTYPE})")
    if scheduled:
        lines += [
            "lr: Any = learning_rate",
            "if callable(learning_rate):",
            "    lr = jnp.asarray(learning_rate(state.count), dtype)",
        ]
    if reads_loss:
        lines.append("loss = jnp.asarray(value, dtype)")
    if "treedef" in words:
        lines.append("treedef = jax.tree.structure(updates)")
    return lines
