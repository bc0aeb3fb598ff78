"""Found by the campaign quickstart, candidate 845.

The rule (its result is subtracted from w):

    def quickstart(
        w, g, t,
        m=zeros, v=zeros,
        *, lr=0.03162277660168379, b1=0.95, b2=0.999129, eps=2.32e-8, wd=0.226,
    ):
        m = interp(g, m, b1)
        x0 = interp(square(g), v, b2)
        x1 = m / (1.4 - b1 ** t)
        x2 = v + m
        x3 = x0 / lr
        x4 = cbrt(g)
        u = x1 / (sqrt(x3) + eps)
        v = x0
        return lr * (u + wd * (x4 - x2))

Defaults: lr=0.03162277660168379, b1=0.95, b2=0.999129, eps=2.32e-8, wd=0.226.
Canonical hash: c4671f7908d5d5ad.

Score 1.0710 +- 0.0296 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program c4671f7908d5d5ad, ledger cce772bca45d3e94.
"""

from collections.abc import Callable
from typing import Any

import torch


class Quickstart(torch.optim.Optimizer):
    """Quickstart; the formula heads this file.

    Args:
        params: parameters to optimize, or groups of them.
        lr: the learning rate.
        betas: the constants of the averages.
        eps: a small number that keeps a denominator from zero.
        weight_decay: the strength of the weight decay.
        maximize: climb instead of descend.
    """

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 0.03162277660168379,
        betas: tuple[float, float] = (0.95, 0.999129),
        eps: float = 2.32e-8,
        weight_decay: float = 0.226,
        *,
        maximize: bool = False,
    ) -> None:
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        if not weight_decay >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
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
        for group, p, g in ready:
            state = self.state[p]
            t = state["step"].double()
            b1, b2 = group["betas"]
            lr = group["lr"]
            eps = group["eps"]
            wd = group["weight_decay"]
            m = (1 - b1) * g + b1 * state["m"]
            v = (1 - b2) * torch.square(g) + b2 * state["v"]
            u = m / (1.4 - b1**t) / (torch.sqrt(v / lr) + eps)
            x0 = wd * (torch.sign(g) * torch.abs(g) ** (1 / 3) - (state["v"] + m))
            p.sub_(lr * (u + x0))
            state["m"].copy_(m)
            state["v"].copy_(v)
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
                    state["m"] = torch.zeros_like(p)
                    state["v"] = torch.zeros_like(p)
                state["step"] += 1
                g = -p.grad if group["maximize"] else p.grad
                ready.append((group, p, g))
        return ready
