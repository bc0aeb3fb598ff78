"""The exported PyTorch optimizer behaves as PyTorch's own where a program does not say how."""

import io

import numpy as np
import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.export.facts import Facts
from dsl.export.names import camel_case
from dsl.zoo import ZOO
from tests.support import exporting, exporting_torch
from tests.support.exporting import RULES
from tests.support.odd_programs import ODD

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.lightly_compiled]


def test_the_state_survives_a_file():
    program = ODD["global_slots"]
    make = exporting_torch.torch_class(program)
    params = [torch.nn.Parameter(torch.ones(2))]
    optimizer = make(params)
    for _ in range(3):
        params[0].grad = torch.ones(2)
        optimizer.step(lambda: params[0].sum())
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    ends = []
    for chosen, state in ((optimizer, None), (make(params), saved)):
        with torch.no_grad():
            params[0].fill_(0.5)
        if state is not None:
            chosen.load_state_dict(state)
        for _ in range(3):
            params[0].grad = torch.ones(2)
            chosen.step(lambda: params[0].sum())
        ends.append(params[0].tolist())
    assert ends[0] == ends[1]


def adamw():
    return exporting_torch.torch_class(ZOO["adamw"])


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"lr": -1.0}, "Invalid learning rate: -1.0"),
        ({"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ({"betas": (0.9,)}, r"Invalid betas, of which there are 2: \(0.9,\)"),
        ({"eps": -1.0}, "Invalid epsilon value: -1.0"),
        ({"weight_decay": -1.0}, "Invalid weight_decay value: -1.0"),
        ({"lr": float("nan")}, "Invalid learning rate: nan"),
    ],
)
def test_a_hyperparameter_out_of_range_is_refused_in_torchs_words(given_, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        adamw()([torch.nn.Parameter(torch.ones(1))], **given_)


def test_sparse_gradients_and_a_missing_closure_are_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2).to_sparse()
    with pytest.raises(RuntimeError, match="AdamW does not support sparse gradients"):
        adamw()([p]).step()
    with pytest.raises(RuntimeError, match="needs a closure that returns the loss"):
        exporting_torch.torch_class(ODD["sharpness"])([p]).step()


def test_a_parameter_without_gradient_stays():
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    p.grad = torch.ones(2)
    optimizer = adamw()([p, q])
    optimizer.step()
    assert q.tolist() == [1, 1] and p.tolist() != [1, 1]
    assert q not in optimizer.state


def test_groups_have_their_own_hyperparameters_and_share_global_norms():
    program = ODD["clipped"]
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = exporting_torch.torch_class(program)([{"params": [p], "lr": 0.0}, {"params": [q]}])
    p.grad, q.grad = torch.ones(2), torch.ones(2)
    optimizer.step()
    both = torch.nn.Parameter(torch.ones(4))
    both.grad = torch.ones(4)
    exporting_torch.torch_class(program)([both]).step()
    assert p.tolist() == [1, 1]
    torch.testing.assert_close(q.detach(), both.detach()[:2])


@pytest.mark.parametrize("name", ["lion", "sophia_h", "sam"])
def test_climbing_a_loss_is_descending_its_negative(name):
    rule = RULES[name]
    make, more = exporting_torch.torch_class(rule), exporting.extra(rule)
    down = exporting_torch.torch_walk(rule, lambda ps: make(ps, **more), "float64")
    up = exporting_torch.torch_walk(
        rule, lambda ps: make(ps, maximize=True, **more), "float64", climb=True
    )
    np.testing.assert_allclose(up, down, rtol=1e-12)


READ_THE_LOSS = [name for name, rule in RULES.items() if "loss" in Facts.of(rule).reads]


@pytest.mark.parametrize("name", READ_THE_LOSS)
def test_a_rule_that_reads_the_loss_does_not_climb_it(name):
    """A bound on the loss, most often 0, is none on its negative."""
    p = torch.nn.Parameter(torch.ones(2))
    make = exporting.loaded(to_torch_source(RULES[name]))[camel_case(RULES[name])]
    optimizer = make([p], maximize=True, **exporting.extra(RULES[name]))
    p.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="negate it instead of maximize"):
        optimizer.step(
            lambda: p.square().sum(),
            **exporting_torch.asked_by_torch(optimizer, [p], torch.ones(1, 2), torch.ones(1)),
        )
    assert p.tolist() == [1, 1]


@pytest.mark.parametrize("name", ["adamw", "clipped", "lazy"])
def test_half_precision_is_kept(name):
    program = RULES[name]
    p = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    optimizer = exporting.loaded(to_torch_source(program))[camel_case(program)]([p])
    for _ in range(2):
        p.grad = torch.ones_like(p)
        optimizer.step(lambda: p.square().sum())
    assert p.dtype == torch.bfloat16 and torch.isfinite(p).all()
    tensors = [v for key, v in optimizer.state[p].items() if key not in ("step", "index")]
    assert all(v.dtype == torch.bfloat16 for v in tensors)


def test_noise_repeats_with_the_seed_and_differs_between_steps_parameters_and_streams():
    program = parse("def rule(w, g):\n    return normal(0) + 0 * g")
    other = parse("def rule(w, g):\n    return normal(1) + 0 * g")

    def draws(program, seed):
        make = exporting.loaded(to_torch_source(program))["Rule"]
        params = [torch.nn.Parameter(torch.zeros(500)) for _ in range(2)]
        optimizer = make(params, seed=seed)
        found = []
        for _ in range(2):
            for p in params:
                p.grad = torch.zeros_like(p)
                p.data.zero_()
            optimizer.step()
            found += [-p.detach().clone() for p in params]
        return found

    first = draws(program, 1)
    assert all(torch.equal(x, y) for x, y in zip(first, draws(program, 1), strict=True))
    every = torch.stack([*first, *draws(program, 2), *draws(other, 1)])
    assert (torch.corrcoef(every) - torch.eye(12)).abs().max() < 0.25
    assert abs(every.mean()) < 0.1 and abs(every.std() - 1) < 0.1


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (torch.optim.AdamW, "not of AdamW: it has exp_avg, exp_avg_sq for m, v"),
        (lambda p: torch.optim.SGD(p, 0.1, 0.9), "it has momentum_buffer for m, v"),
        (exporting_torch.torch_class(ZOO["lion"]), "it has m for m, v"),
    ],
)
def test_the_state_of_another_optimizer_is_refused_and_nothing_of_it_taken(other, message):
    params = [torch.nn.Parameter(torch.ones(2))]
    params[0].grad = torch.ones(2)
    optimizers = other(params), adamw()(params, lr=0.5)
    for optimizer in optimizers:
        optimizer.step()
    kept = repr(optimizers[1].state_dict())
    with pytest.raises(ValueError, match=message):
        optimizers[1].load_state_dict(optimizers[0].state_dict())
    assert repr(optimizers[1].state_dict()) == kept


def test_a_group_of_another_optimizer_is_refused():
    params = [torch.nn.Parameter(torch.ones(2))]
    other = torch.optim.SGD(params, 0.1)
    with pytest.raises(ValueError, match="the state is not of AdamW: a group has no betas, eps"):
        adamw()(params).load_state_dict(other.state_dict())
