"""Found by the campaign quickstart, candidate 936.

The rule (its result is subtracted from w):

    def quickstart(w, g, t, z=copy_w, total=number(1), *, lr=2, b1=0.95):
        total = total + t
        x0 = t / total
        move = x0 * (w - z) + lr * (1 - b1 * (1 - x0)) * g
        z = z - lr * g
        return move

Defaults: lr=2, b1=0.95.
Canonical hash: 7d22d4d087e97da0.

Score 1.1106 +- 0.0273 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program 7d22d4d087e97da0, ledger c324b22599bb1403.
In terms of known rules: nearest schedule_free_sgd, 0.11.
Reduced from 20 statements and 2 slots to 12 statements and 2 slots with no harm seen:
-0.006 [-0.020, +0.007] over 8 fresh seeds.
"""

from collections.abc import Callable
from typing import Any

import torch


class Quickstart(torch.optim.Optimizer):
    """Quickstart; the formula heads this file.

    Args:
        params: parameters to optimize, or groups of them.
        lr: learning rate.
        b1: decay of the first average or momentum.
        maximize: climb instead of descend.
    """

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 2.0,
        b1: float = 0.95,
        *,
        maximize: bool = False,
    ) -> None:
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        defaults = {"lr": lr, "b1": b1, "maximize": maximize}
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("maximize", False)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; returns what `closure` returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        ready = self._ready()
        if not ready:
            return loss
        model = self._model_state()
        t = model["step"].double()
        total = model["total"] + t
        x0 = t / total
        for group, p, g in ready:
            state = self.state[p]
            lr = group["lr"]
            b1 = group["b1"]
            move = x0 * (p - state["z"]) + lr * (1 - b1 * (1 - x0)) * g
            z = state["z"] - lr * g
            p.sub_(move)
            state["z"].copy_(z)
        model["total"].copy_(total)
        return loss

    def _ready(self) -> list[tuple[dict[str, Any], torch.Tensor, torch.Tensor]]:
        """Group, parameter and gradient where there is one; counts the step."""
        ready = []
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise RuntimeError("Quickstart does not support sparse gradients")
                if torch.is_complex(p):
                    raise RuntimeError("Quickstart does not support complex parameters")
                state = self.state[p]
                if not state:
                    state["step"] = torch.tensor(0.0, dtype=torch.float32)
                    state["z"] = p.detach().clone()
                state["step"] += 1
                g = -p.grad if group["maximize"] else p.grad
                ready.append((group, p, g))
        return ready

    def _model_state(self) -> dict[str, torch.Tensor]:
        """State that exists once for the model; a part of `state_dict`."""
        states: Any = self.state
        model = states.setdefault("model", {})
        if not model:
            model["step"] = torch.tensor(0.0, dtype=torch.float32)
            model["total"] = torch.tensor(1.0, dtype=torch.float64)
        model["step"] += 1
        return model
