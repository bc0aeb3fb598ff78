"""The features of PyTorch that its own optimizers are tested for, tried on exported ones."""

import copy
import io
import pickle
import sys
import types
from functools import cache

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)

from dsl.export.names import camel_case
from tests.support.exporting import RULES, extra
from tests.support.features import Features
from tests.support.torch_training import STEPS, Training, class_of, file_of

FEATURES = Features()
feature = FEATURES.named

HALF_WAY = STEPS // 2


@cache
def plain(name: str) -> torch.Tensor:
    """The parameters after a few steps where nothing is out of the ordinary."""
    return Training(name).go().values()


def same(found: Training, wanted: torch.Tensor | None = None, *, rtol: float = 0.0) -> None:
    """Fail unless the parameters are those of the plain training."""
    wanted = plain(found.name) if wanted is None else wanted
    torch.testing.assert_close(found.values(), wanted, rtol=rtol, atol=rtol, msg=found.name)


@feature("`lr` as a tensor")
def tensor_rate(name: str) -> str | None:
    rate = RULES[name].hyperparameters.get("lr")
    if rate is None:
        return "has no rate `lr`"
    same(Training(name, lr=torch.tensor(rate, dtype=torch.float64)).go(), rtol=1e-10)


@feature("`maximize`")
def maximize(name: str) -> str | None:
    same(Training(name, maximize=True).go(), rtol=1e-10)  # climbs the loss turned about


@feature("`foreach`")
def at_once(name: str) -> str | None:
    same(Training(name, foreach=True).go(), rtol=1e-10)


@feature("`capturable`")
def capturable(name: str) -> str | None:
    same(Training(name, capturable=True).go())


@feature("`differentiable`")
def differentiable(name: str) -> str | None:
    same(Training(name, differentiable=True).go())


@feature("`fused`")
def fused(name: str) -> str | None:
    same(Training(name, fused=True).go())


@feature("`state_dict` in the middle of a run")
def state_in_a_run(name: str) -> str | None:
    first = Training(name).go(HALF_WAY)
    saved = io.BytesIO()
    torch.save(first.optimizer.state_dict(), saved)
    saved.seek(0)
    first.optimize(first.model)
    first.optimizer.load_state_dict(torch.load(saved, weights_only=True))
    same(first.go(STEPS - HALF_WAY))


@feature("`copy.deepcopy`")
def deep_copies(name: str) -> str | None:
    first = Training(name).go(HALF_WAY)
    first.model, first.optimizer = copy.deepcopy((first.model, first.optimizer))
    same(first.go(STEPS - HALF_WAY))


@feature("`pickle`")
def pickles(name: str) -> str | None:
    module = types.ModuleType("exported_rule")
    exec(compile(file_of(name), "exported_rule.py", "exec"), vars(module))
    sys.modules["exported_rule"] = module
    try:
        first = Training(name, make=vars(module)[camel_case(RULES[name])]).go(HALF_WAY)
        first.model, first.optimizer = pickle.loads(pickle.dumps((first.model, first.optimizer)))
    finally:
        del sys.modules["exported_rule"]
    same(first.go(STEPS - HALF_WAY))


@feature("named parameters")
def named(name: str) -> str | None:
    first = Training(name)
    pairs = [(f"p{at}", p) for at, p in enumerate(first.model)]
    first.optimize(pairs)
    assert first.optimizer.state_dict()["param_groups"][0]["param_names"] == [n for n, _ in pairs]
    same(first.go())


@feature("a group that is added later")
def later_group(name: str) -> str | None:
    first = Training(name)
    first.optimize(first.model[:1])
    for p in first.model[1:]:
        first.optimizer.add_param_group({"params": [p]})
    same(first.go(), rtol=1e-10)


@feature("hooks before and after a step")
def hooks(name: str) -> str | None:
    first, seen = Training(name), []
    first.optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    first.optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    same(first.go())
    assert seen == ["before", "after"] * STEPS


@feature("`repr`")
def printed(name: str) -> str | None:
    assert repr(Training(name).go(1).optimizer).startswith(camel_case(RULES[name]))


@feature("gradients are left as they are")
def untouched(name: str) -> str | None:
    first = Training(name)
    for _ in range(STEPS):
        first.gradients()
        before = [p.grad.clone() for p in first.model]
        first.step()
        assert all(torch.equal(p.grad, g) for p, g in zip(first.model, before, strict=True))
    same(first)


@feature("parameters without gradient")
def frozen(name: str) -> str | None:
    first = Training(name)
    still = torch.nn.Parameter(torch.ones(3, 2, dtype=torch.float64))
    first.optimize([still, *first.model])
    first.go()
    for _ in range(2):  # a rule may begin to move late
        if torch.equal(first.values(), Training(name).values()):
            first.go()
    assert torch.equal(still.detach(), torch.ones(3, 2, dtype=torch.float64))
    assert still not in first.optimizer.state and torch.isfinite(first.values()).all()
    assert not torch.equal(first.values(), Training(name).values())


@feature("empty parameters")
def empty(name: str) -> str | None:
    first = Training(name)
    none = torch.nn.Parameter(torch.zeros(0, 3, dtype=torch.float64))
    first.optimize([*first.model, none])
    first.go()
    assert torch.isfinite(first.values()).all()


@feature("parameters of several dtypes")
def dtypes(name: str) -> str | None:
    first = Training(name)
    narrow = torch.nn.Parameter(first.model[0].detach().float())
    first.optimize([*first.model, narrow])
    loss = first.closure
    first.closure = lambda: loss() + narrow.square().mean()
    first.go()
    assert [first.model[0].dtype, narrow.dtype] == [torch.float64, torch.float32]
    assert torch.isfinite(first.values()).all() and torch.isfinite(narrow).all()


@feature("parameters that are not contiguous")
def strided(name: str) -> str | None:
    first = Training(name)
    for at, p in enumerate(first.model):
        if p.ndim == 2:
            first.model[at] = torch.nn.Parameter(p.detach().t().contiguous().t())
    first.optimize(first.model)
    same(first.go(), rtol=1e-8)


@feature("complex parameters")
def complex_parameters(name: str) -> str | None:
    p = torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))
    p.grad = torch.ones_like(p)
    optimizer = class_of(name)([p], **extra(RULES[name]))
    ready = optimizer._ready()
    raise AssertionError(f"complex parameters are taken: {ready}")


@feature("sparse gradients")
def sparse(name: str) -> str | None:
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2).to_sparse()
    optimizer = class_of(name)([p], **extra(RULES[name]))
    ready = optimizer._ready()
    raise AssertionError(f"sparse gradients are taken: {ready}")


@feature("`GradScaler`")
def scaled(name: str) -> str | None:
    first = Training(name)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    for at in range(STEPS + 1):
        first.optimizer.zero_grad()
        scaler.scale(first.closure()).backward()
        if at == HALF_WAY:
            first.model[0].grad.fill_(torch.inf)
        taken = first.at
        scaler.step(first.optimizer)
        scaler.update()
        first.at = taken + (at != HALF_WAY)
    same(first, rtol=1e-10)


@feature("`bfloat16` and `float16` parameters")
def half(name: str) -> str | None:
    for dtype in (torch.bfloat16, torch.float16):
        first = Training(name, dtype=dtype).go()
        if name.endswith("_poincare") and not torch.isfinite(first.values()).all():
            return "rounds points near the border of the ball onto it"
        assert torch.isfinite(first.values()).all()
        assert {p.dtype for p in first.model} == {dtype}


@feature("rates of `torch.optim.lr_scheduler`")
def scheduled(name: str) -> str | None:
    first, by_hand = Training(name), Training(name)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(first.optimizer, 0.5)
    for _ in range(STEPS):
        first.go(1)
        scheduler.step()
        by_hand.go(1)
        by_hand.optimizer.param_groups[0]["lr"] *= 0.5
    same(first, by_hand.values())


def _by_names(name: str, *, flat: bool) -> str | None:
    """Through a checkpoint of `torch.distributed`, where states go by the names of parameters.

    Before it loads, PyTorch has the new optimizer step at rate 0 along gradients of 0, which moves
    parameters where a step is no multiple of the rate: their own values are loaded after it.
    """
    first = Training(name).go(HALF_WAY)
    first.optimizer.zero_grad()
    module = torch.nn.ParameterList(first.model)
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    saved = copy.deepcopy(get_optimizer_state_dict(module, first.optimizer, options=options))
    kept = copy.deepcopy(module.state_dict())
    first.optimize(module.parameters())
    set_optimizer_state_dict(module, first.optimizer, saved, options=options)
    module.load_state_dict(kept)
    same(first.go(STEPS - HALF_WAY))


@feature("`torch.distributed.checkpoint.state_dict`")
def by_names(name: str) -> str | None:
    return _by_names(name, flat=False)


@feature("the same with `flatten_optimizer_state_dict`")
def flat_by_names(name: str) -> str | None:
    return _by_names(name, flat=True)
