"""The function of an Optax file that finds the parameters to evaluate in a state."""

from dsl.errors import ExportError
from dsl.export.code import refusal
from dsl.export.header import argument, prose
from dsl.export.optax.plan import ExportPlan

EVAL_PARAMS = "eval_params"


def eval_params(plan: ExportPlan, field: str) -> list[str]:
    """The function, where `field` of the state holds the point; ExportError where the optimizer
    has its name."""
    if plan.name == EVAL_PARAMS:
        raise ExportError(
            f"an Optax file has a function {EVAL_PARAMS} besides the optimizer",
            help="give the rule another name: --name my_rule",
        )
    first, *more = prose(
        f"The parameters to evaluate after the steps so far of `{plan.transform}`; it is trained "
        "at `params`, and goes on from there.",
        4,
    )
    state = f"the state of `{plan.transform}`, or one that it is a part of: of a chain, a wrapper."
    params = "the parameters that are trained, which are also evaluated where they are masked."
    return [
        f"def {EVAL_PARAMS}(state: Any, params: Any) -> Any:",
        f'    """{first.strip()}',
        *more,
        "",
        "    Args:",
        *argument("state", state),
        *argument("params", params),
        "",
        "    Returns:",
        "        A tree like `params`.",
        '    """',
        "",
        "    def own(path: Any, _: Any) -> bool:",
        f'        return getattr(path[-1], "tuple_name", "") == "{plan.state}"',
        "",
        f'    point = optax.tree.get(state, "{field}", filtering=own)',
        "    if point is None:",
        *refusal(8, "ValueError", f"{EVAL_PARAMS} needs a state of {plan.transform}"),
        "    masked = optax.MaskedNode",
        "    return jax.tree.map(lambda w, x: w if isinstance(x, masked) else x, params, point)",
    ]
