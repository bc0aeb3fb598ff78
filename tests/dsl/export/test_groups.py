"""Groups of an exported PyTorch optimizer have rates of their own."""

from typing import Any

import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.zoo import ZOO
from tests.dsl.zoo.references import model
from tests.support import exporting, exporting_torch
from tests.support.everyday import EVERYDAY, each

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ELSEWHERE = {
    "consensus_based_optimization": "the rate moves members, and parameters become their consensus",
    "consensus_based_optimization_anisotropic": "the same",
    "egn_line_search": "the rate is where the search for the model's one step begins",
    "adago": "the rate of a step is at least eps",
    "ftrl": "its sums divide by the rate",
    "gravity": "its average starts at noise over the rate",
    "madgrad": "eps is added to the rate, as the authors have it",
    "nero": "weights are brought to mean 0 and norm 1 whatever the rate",
    "oasis": "the rate is the model's first step alone",
    "rprop": "the rate is the first length, and lengths have a least value",
    "srmm": "parameters become an average of those of the past",
    **{
        f"riemannian_{rule}_{place}": "parameters that start off the manifold are put on it"
        for rule in ("adam", "amsgrad")
        for place in ("poincare", "sphere")
    },
}
"""Rules whose parameters move at a rate of 0 too, and why."""

STILL = [n for n, rule in ZOO.items() if "lr" in rule.hyperparameters and n not in ELSEWHERE]

LATE = {"adashift": 12, "magma": 8, "schedule_free_radam": 6}
"""Rules that may not move on their first three steps, and when they have."""

DAILY = EVERYDAY | {"adabound", "ali_g", "momo", "prodigy", "sps_max", "clipped_sgd", "soap"}


def moved(name: str, rates: tuple[float, float]) -> list[float]:
    """The way of the parameters of two groups in a few steps, at multiples of the rule's rate."""
    rule = ZOO[name]
    params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in model.start("float64", (1, 2))]
    groups = [
        {"params": [p], "lr": rate * rule.hyperparameters["lr"]}
        for p, rate in zip(params, rates, strict=True)
    ]
    optimizer = exporting_torch.torch_class(rule)(groups, **exporting.extra(rule))
    begun = [p.detach().clone() for p in params]
    for features, targets in model.batches("float64", (1, 2))[: LATE.get(name, 3)]:
        x, y = torch.tensor(features), torch.tensor(targets)

        def closure(x=x, y=y):
            flat = torch.cat([p.reshape(-1) for p in params])
            return 2 * torch.mean(torch.square(torch.tanh(x @ flat) - y))

        optimizer.zero_grad()
        closure().backward()
        optimizer.step(closure, **exporting_torch.asked_by_torch(optimizer, params, x, y))
    return [float((p.detach() - at).abs().max()) for p, at in zip(params, begun, strict=True)]


@pytest.mark.parametrize("name", each(STILL, DAILY))
def test_a_group_whose_rate_is_0_stays_and_stops_no_other(name):
    first, second = moved(name, (1, 0))
    assert first > 0 and second == 0
    first, second = moved(name, (0, 1))
    assert first == 0 and second > 0


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_rate_of_0_moves_what_is_said_to_move(name):
    assert moved(name, (1, 0))[1] != 0 or moved(name, (0, 1))[0] != 0


NUMBERED = ["nadam", "schedule_free_sgd", "schedule_free_adamw", "spam", "srmm"]
"""Rules with numbers that are made of counts and hyperparameters alone."""


class Grouped:
    """Two groups with hyperparameters of their own, in one optimizer or each in one of its own."""

    def __init__(self, name: str, *, together: bool):
        self.rule = ZOO[name]
        leaves = [torch.tensor(x) for x in model.start("float64", (1, 2))]
        self.params = [torch.nn.Parameter(leaf) for leaf in leaves]
        self.draws = torch.Generator().manual_seed(1)
        make = exporting_torch.torch_class(self.rule)
        groups = [{"params": [p], **own} for p, own in zip(self.params, self._own(), strict=True)]
        of_each = [groups] if together else [[group] for group in groups]
        self.optimizers = [make(each, **exporting.extra(self.rule)) for each in of_each]

    def go(self, steps: int) -> "Grouped":
        """Steps along drawn gradients."""
        for _ in range(steps):
            for p in self.params:
                p.grad = torch.randn(p.shape, generator=self.draws, dtype=p.dtype)
            for optimizer in self.optimizers:
                optimizer.step()
        return self

    def values(self) -> Any:
        """The parameters, and those to evaluate where the rule has others."""
        found = [p.detach().clone() for p in self.params]
        for optimizer in self.optimizers:
            getattr(optimizer, "eval", lambda: None)()
        return torch.cat([x.reshape(-1) for x in [*found, *self.params]]).detach()

    def _own(self) -> list[dict[str, Any]]:
        hypers = self.rule.hyperparameters
        first = {"lr": 0.0 if self.rule.name.startswith("schedule_free") else 0.1}
        betas = {"betas": (0.7, 0.8)} if {"b1", "b2"} <= {*hypers} else {}
        return [first, {"lr": 0.01, **betas}]


@pytest.mark.parametrize("name", NUMBERED)
def test_groups_with_numbers_of_their_own_move_as_optimizers_of_their_own(name):
    found, wanted = (Grouped(name, together=together).go(4).values() for together in (True, False))
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_nadam_of_two_groups_is_pytorchs():
    found = Grouped("nadam", together=True)
    psi = ZOO["nadam"].hyperparameters["psi"]
    wanted = Grouped("nadam", together=True)
    own = [
        {k: v for k, v in g.items() if k in ("lr", "betas")}
        for g in found.optimizers[0].param_groups
    ]
    groups = [{"params": [p], **each} for p, each in zip(wanted.params, own, strict=True)]
    wanted.optimizers = [
        torch.optim.NAdam(groups, eps=found.optimizers[0].defaults["eps"], momentum_decay=psi)
    ]
    torch.testing.assert_close(found.go(6).values(), wanted.go(6).values(), rtol=1e-5, atol=1e-6)


def test_numbers_that_a_file_kept_once_for_all_go_on_in_every_group():
    """A group that is added later begins with its own."""
    run = Grouped("schedule_free_sgd", together=True).go(3)
    kept = run.optimizers[0].state_dict()
    for key in ("step", "total", "top"):
        del kept["param_groups"][1][key]
    (optimizer,) = run.optimizers
    optimizer.load_state_dict(kept)
    first, second = optimizer.param_groups
    assert all(torch.equal(first[key], second[key]) for key in ("step", "total", "top"))
    assert first["step"] is not second["step"]
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]})
    assert [group["step"].item() for group in optimizer.param_groups] == [3, 3, 0]


def test_a_file_says_whose_hyperparameters_numbers_of_the_model_follow():
    of_first = "made with the hyperparameters of the first group"
    said = {name: of_first in to_torch_source(ZOO[name]) for name in ("adamw", "nadam", "prodigy")}
    assert said == {"adamw": False, "nadam": False, "prodigy": True}


def test_a_rate_beside_a_number_of_the_model_is_the_groups_own():
    """The same however the product is written."""
    for text in (
        "lr * minimum(1, c / global_norm(g)) * g",
        "lr * (minimum(1, c / global_norm(g)) * g)",
    ):
        rule = parse(f"def rule(w, g, *, lr=0.1, c=1):\n    return {text}")
        for rates in ((0.1, 0.01), (0.01, 0.1), (0.1, 0.0), (0.0, 0.1)):
            params = [torch.nn.Parameter(torch.ones(2)) for _ in rates]
            groups = [{"params": [p], "lr": r} for p, r in zip(params, rates, strict=True)]
            optimizer = exporting_torch.torch_class(rule)(groups)
            for p in params:
                p.grad = torch.ones(2)
            optimizer.step()
            steps = [1 - p[0].item() for p in params]
            assert steps == pytest.approx([rate / 2 for rate in rates], abs=1e-6)
