"""Found by the campaign quickstart, candidate 1335.

The rule (its result is subtracted from w):

    def quickstart(
        w, g, t,
        m=zeros, v=const(1e-8), last=zeros, s0=zeros,
        *, lr=0.06, b1=0.93, b2=0.999,
    ):
        m = interp(g, m, b1)
        g = clip_by_global_norm(g, 1)
        s0 = interp(square(g), s0, 0.999)
        v = interp(sqrt(s0 / (1 - 0.9995 ** t)), v, b2)
        x0 = m / sqrt(v)
        step = 2 * x0 - last
        last = x0
        return lr * step

Defaults: lr=0.06, b1=0.93, b2=0.999.
Canonical hash: f5a52d203796d0ef.

Score 1.1298 +- 0.0234 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program f5a52d203796d0ef, ledger 102bc10a67c0dbe3.
In terms of known rules: nearest local_adam, 0.20.
Reduced from 16 statements and 4 slots to 14 statements and 4 slots with no harm seen:
+0.011 [+0.004, +0.018] over 8 fresh seeds.
"""

from collections.abc import Callable
from typing import Any

import torch


def _clip_by_global_norm(x: list[torch.Tensor], c: torch.Tensor | float) -> list[torch.Tensor]:
    size = torch.sqrt(torch.stack([torch.sum(torch.square(leaf)) for leaf in x]).sum())
    shrink = torch.where(size < c, torch.ones_like(size), c / size)
    return [leaf * shrink for leaf in x]


class Quickstart(torch.optim.Optimizer):
    """Quickstart; the formula heads this file.

    Args:
        params: parameters to optimize, or groups of them.
        lr: learning rate.
        betas: decay of the first average or momentum; decay of the second average.
        maximize: climb instead of descend.
    """

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 0.06,
        betas: tuple[float, float] = (0.93, 0.999),
        *,
        maximize: bool = False,
    ) -> None:
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        defaults = {"lr": lr, "betas": betas, "maximize": maximize}
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
        gs = [g for _, _, g in ready]
        g_2s = _clip_by_global_norm(gs, 1.0)
        for (group, p, g), g_2 in zip(ready, g_2s, strict=True):
            state = self.state[p]
            t = state["step"].double()
            b1, b2 = group["betas"]
            lr = group["lr"]
            m = (1 - b1) * g + b1 * state["m"]
            s0 = (1 - 0.999) * torch.square(g_2) + 0.999 * state["s0"]
            v = (1 - b2) * torch.sqrt(s0 / (1 - 0.9995**t)) + b2 * state["v"]
            last = m / torch.sqrt(v)
            step = 2 * last - state["last"]
            p.sub_(lr * step)
            state["m"].copy_(m)
            state["v"].copy_(v)
            state["last"].copy_(last)
            state["s0"].copy_(s0)
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
                    state["v"] = torch.full_like(p, 1e-8)
                    state["last"] = torch.zeros_like(p)
                    state["s0"] = torch.zeros_like(p)
                state["step"] += 1
                g = -p.grad if group["maximize"] else p.grad
                ready.append((group, p, g))
        return ready
