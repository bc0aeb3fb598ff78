"""Found by the campaign quickstart, candidate 965.

The rule (the first it returns is subtracted from w, the second is what to evaluate):

    def quickstart(w, g, z=copy_w, x=copy_w, total=number(0), *, lr=2):
        total = total + 1
        x0 = 1 / total
        move = x0 * (w - z) + lr * 0.14 * g
        z = z - lr * g
        x = interp(x, z, x0)
        return move, x

Defaults: lr=2.
Canonical hash: 60f02d583b55c791.

Score 1.1232 +- 0.0239 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program 60f02d583b55c791, ledger 34dfe6991036c83d.
In terms of known rules: nearest schedule_free_sgd, 0.12.
Reduced from 18 statements and 3 slots to 10 statements and 3 slots with no harm seen:
-0.005 [-0.022, +0.012] over 8 fresh seeds.
"""

from collections.abc import Callable
from typing import Any

import torch


class Quickstart(torch.optim.Optimizer):
    """Quickstart; the formula heads this file.

    The parameters are those that are trained. `eval()` puts the weights to evaluate in their
    place and `train()` undoes that, bit for bit; `step` is for the weights that are trained.

    Args:
        params: parameters to optimize, or groups of them.
        lr: learning rate.
        maximize: climb instead of descend.
        foreach, capturable, differentiable, fused: refused, with the reason.
    """

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 2.0,
        *,
        maximize: bool = False,
        foreach: bool | None = False,
        capturable: bool | None = False,
        differentiable: bool | None = False,
        fused: bool | None = False,
    ) -> None:
        _refuse(
            "Quickstart",
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
        )
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        defaults = {"lr": lr, "maximize": maximize}
        defaults["train_mode"] = True
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        _check_state("Quickstart", state, {"z", "x"}, {"lr"})
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("maximize", False)
            group.setdefault("train_mode", True)
        self._share_numbers()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, which has numbers of its own."""
        super().add_param_group(param_group)
        self._start_numbers(self.param_groups[-1])

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; returns what `closure` returns."""
        if not all(group["train_mode"] for group in self.param_groups):
            raise RuntimeError(
                "Quickstart.step trains, and the parameters hold the weights to evaluate: call "
                "train()"
            )
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        ready = self._ready()
        for group in self.param_groups:
            self._step_of_group([each for each in ready if each[0] is group])
        return loss

    def _step_of_group(self, ready: list[Any]) -> None:
        """The step of the parameters of one group, which has numbers of its own."""
        if not ready:
            return
        group = ready[0][0]
        total = group["total"] + 1
        x0 = 1 / total
        for group, p, g in ready:
            w, state = self._open(p)
            z = state["z"]
            lr = group["lr"]
            move = (w - z).mul_(x0).add_(g, alpha=lr * 0.14)
            z.sub_(g, alpha=lr)
            update = x0 * z
            x = ((1 - x0) * state["x"]).add_(update)
            w.sub_(move)
            state["x"].copy_(x)
            self._close(p, w, state)
        group["total"].copy_(total)

    def _ready(self) -> list[tuple[dict[str, Any], torch.Tensor, torch.Tensor]]:
        """Group, parameter and gradient where there is one."""
        ready = []
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad
                if g is None:
                    continue
                if g.is_sparse:
                    raise RuntimeError("Quickstart does not support sparse gradients")
                if p.dtype.is_complex:
                    raise RuntimeError("Quickstart does not support complex parameters")
                if g.dtype in _HALF:
                    g = g.float()
                g = -g if group["maximize"] else g
                state = self.state[p]
                if not state:
                    state["z"] = p.detach().clone()
                    state["x"] = p.detach().clone()
                ready.append((group, p, g))
        return ready

    def _open(self, p: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """A parameter and its state for a step: half precision in float32."""
        state = self.state[p]
        if p.dtype not in _HALF:
            return p, state
        return p.float(), {key: _wide(value) for key, value in state.items()}

    def _close(self, p: torch.Tensor, w: torch.Tensor, state: dict[str, Any]) -> None:
        """Round what the step made in float32 to the half precision that is kept."""
        if w is p:
            return
        p.copy_(w)
        for key, kept in self.state[p].items():
            _round_into(kept, state[key])

    def _start_numbers(self, group: dict[str, Any]) -> None:
        """Put into a group the numbers that it has of its own."""
        group.setdefault("total", torch.tensor(0.0, dtype=torch.float64))

    def _share_numbers(self) -> None:
        """Go on in every group with the numbers that a file kept once for all."""
        states: Any = self.state
        model = self.param_groups[0]
        of_before = states.pop("model", {})  # of a file that kept it there
        model.update(of_before)
        self._start_numbers(model)
        for group in self.param_groups[1:]:
            for key in ("total",):
                if key not in group:
                    group[key] = model[key].clone()

    def eval(self) -> None:
        """Put the weights to evaluate into the parameters, if they are not there."""
        self._exchange(train_mode=False)

    def train(self) -> None:
        """Put the weights that are trained back into the parameters."""
        self._exchange(train_mode=True)

    @torch.no_grad()
    def _exchange(self, *, train_mode: bool) -> None:
        """Exchange parameters and points of the groups that are in the other mode."""
        for group in self.param_groups:
            if group["train_mode"] == train_mode:
                continue
            group["train_mode"] = train_mode
            for p in group["params"]:
                if "x" in self.state.get(p, {}):
                    point, kept = self.state[p]["x"], p.clone()
                    p.copy_(point)
                    point.copy_(kept)


def _refuse(title: str, **options: bool | None) -> None:
    """Refuse an argument of other optimizers that this one has no use for."""
    reasons = {
        "foreach": "its step takes one tensor after another",
        "capturable": "its step reads numbers such as the rate on the host",
        "differentiable": "its step moves parameters in place and keeps no graph",
        "fused": "it has no kernel of its own",
    }
    for option, asked in options.items():
        if asked:
            raise RuntimeError(f"{title} does not support {option}: {reasons[option]}")


def _check_state(title: str, state: dict[str, Any], slots: set[str], options: set[str]) -> None:
    """Refuse what another optimizer kept."""
    for key, kept in state["state"].items():
        found = set(kept) - {"step", "index"} - {f"{slot}_scale" for slot in slots}
        if kept and not isinstance(key, str) and found != slots:
            has, wants = (", ".join(sorted(keys)) or "nothing" for keys in (found, slots))
            raise ValueError(f"the state is not of {title}: it has {has} for {wants}")
    for group in state["param_groups"]:
        if missing := options - set(group):
            has = ", ".join(sorted(missing))
            raise ValueError(f"the state is not of {title}: a group has no {has}")


_HALF = (torch.float16, torch.bfloat16)


def _wide(value: Any) -> Any:
    """A tensor, or each of a list, in float32 if it is in half precision."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype in _HALF else value
    if isinstance(value, (list, tuple)):
        return [_wide(each) for each in value]
    return value


def _round_into(kept: Any, made: Any) -> None:
    """Round a tensor, or each of a list, into what is kept."""
    if isinstance(kept, list):
        for old, new in zip(kept, made, strict=True):
            old.copy_(new)
    elif isinstance(kept, torch.Tensor):
        kept.copy_(made)
