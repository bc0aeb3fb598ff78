"""The methods of a PyTorch file that put the weights to evaluate into the parameters and back."""

from collections.abc import Sequence

from dsl.export.code import refusal
from dsl.export.header import prose

MODE = "train_mode"
"""The entry of a group that is False while its parameters hold the weights to evaluate."""

WORDS = (
    "The parameters are those that are trained. `eval()` puts the weights to evaluate in their "
    "place and `train()` undoes that, bit for bit; `step` is for the weights that are trained."
)


def refusal_of_step(title: str) -> list[str]:
    """Lines with which `step` refuses to train the weights to evaluate."""
    message = f"{title}.step trains, and the parameters hold the weights to evaluate: call train()"
    return [
        f'        if not all(group["{MODE}"] for group in self.param_groups):',
        *refusal(12, "RuntimeError", message),
    ]


def modes(slot: str) -> Sequence[str]:
    """`eval`, `train` and what both call; `slot` is the key of the point in a parameter's state."""
    return [
        "",
        "    def eval(self) -> None:",
        '        """Put the weights to evaluate into the parameters, if they are not there."""',
        "        self._exchange(train_mode=False)",
        "",
        "    def train(self) -> None:",
        '        """Put the weights that are trained back into the parameters."""',
        "        self._exchange(train_mode=True)",
        "",
        "    @torch.no_grad()",
        "    def _exchange(self, *, train_mode: bool) -> None:",
        '        """Exchange parameters and points of the groups that are in the other mode."""',
        "        for group in self.param_groups:",
        f'            if group["{MODE}"] == train_mode:',
        "                continue",
        f'            group["{MODE}"] = train_mode',
        '            for p in group["params"]:',
        f'                if "{slot}" in self.state.get(p, {{}}):',
        f'                    point, kept = self.state[p]["{slot}"], p.clone()',
        "                    p.copy_(point)",
        "                    point.copy_(kept)",
    ]


def paragraph() -> list[str]:
    """The lines about it in the docstring of the class."""
    return [*prose(WORDS, 4), ""]
