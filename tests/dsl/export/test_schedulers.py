"""Schedulers of PyTorch on exported optimizers: PyTorch's own behaviour is the measure."""

import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.export.names import camel_case
from dsl.zoo import ZOO
from tests.support import exporting
from tests.support.everyday import each

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
schedulers = torch.optim.lr_scheduler

DAILY = {"adamw", "muon", "sgd", "sam", "polyak", "alr_mag", "heavy_ball"}


def made(rule):
    """An exported optimizer of one parameter."""
    make = exporting.loaded(to_torch_source(rule))[camel_case(rule)]
    return make([torch.nn.Parameter(torch.ones(2))], **exporting.extra(rule))


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("name", each(ZOO, DAILY))
def test_schedulers_change_the_rate_or_say_what_is_missing(name):
    hypers = ZOO[name].hyperparameters
    optimizer = made(ZOO[name])
    if "lr" not in hypers:
        with pytest.raises(KeyError, match="no learning rate lr for a scheduler to change: what"):
            schedulers.ExponentialLR(optimizer, 0.5)
        return
    (group,) = optimizer.param_groups
    scheduler = schedulers.ExponentialLR(optimizer, 0.5)
    scheduler.step()
    assert group["lr"] == pytest.approx(hypers["lr"] / 2)
    decays = "betas" in group or "momentum" in group
    if decays:
        schedulers.OneCycleLR(optimizer, max_lr=0.1, total_steps=10, max_momentum=0.75)
        assert group.get("momentum", group.get("betas", [0])[0]) == 0.75
    else:
        with pytest.raises(ValueError, match="must support momentum or beta1"):
            schedulers.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
        schedulers.OneCycleLR(optimizer, max_lr=0.1, total_steps=10, cycle_momentum=False)
        assert group["lr"] == pytest.approx(0.1 / 25)


def test_a_single_decay_is_called_momentum_and_loads_from_an_older_file():
    optimizer = made(ZOO["muon"])
    saved = optimizer.state_dict()
    saved["param_groups"][0]["b1"] = saved["param_groups"][0].pop("momentum") / 2
    optimizer.load_state_dict(saved)
    (group,) = optimizer.param_groups
    assert group["momentum"] == ZOO["muon"].hyperparameters["b1"] / 2 and "b1" not in group


def test_a_rate_by_another_name_is_shown():
    rule = parse("def rule(w, g, *, eta=0.5):\n    return eta * g")
    with pytest.raises(KeyError, match="what it has is eta"):
        schedulers.StepLR(made(rule), 1)
