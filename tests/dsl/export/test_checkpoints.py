"""The state of an exported PyTorch optimizer goes through every checkpoint, also one of before."""

import copy
from functools import partial

import pytest

from dsl.export import to_torch_source
from dsl.export.facts import Facts
from dsl.export.names import camel_case
from dsl.language.kinds import Kind
from tests.support.everyday import each
from tests.support.exporting import RULES, extra, loaded

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.lightly_compiled]

FACTS = {name: Facts.of(rule) for name, rule in RULES.items()}
UNASKED = [n for n, facts in FACTS.items() if not facts.sources and "loss" not in facts.reads]
"""Rules that need no closure; PyTorch starts the state of a new optimizer by a step without one."""
OF_MODEL = {
    name: [slot for slot, init in FACTS[name].program.slots.items() if init.kind is Kind.GLOBAL]
    for name in UNASKED
    if any(init.kind is Kind.GLOBAL for init in FACTS[name].program.slots.values())
}
"""The slots that rules have once for the model."""
IN_LISTS = {
    name for name in UNASKED if any(init.kind.many for init in FACTS[name].program.slots.values())
}
"""Rules with several tensors in a slot, which flat checkpoints do not take."""
DAILY = {"adamw", "nadam", "prodigy", "dog", "novograd", "adafactor", "soap", "traded", "noisy"}


def path(name, stop=None, through=None):
    """The parameters after six steps; after `stop`, the state goes `through` a checkpoint."""
    rule = RULES[name]
    make = loaded(to_torch_source(rule))[camel_case(rule)]
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 2)).double()
    optimizer, x = make(model.parameters(), **extra(rule)), torch.randn(8, 3, dtype=torch.float64)
    for at in range(6):
        if at == stop:
            new = make(model.parameters(), **extra(rule))
            through(model, optimizer, new)
            optimizer = new
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


def by_names(model, old, new, *, flat):
    """A checkpoint of `torch.distributed`, where states go by the names of parameters.

    Before it loads, PyTorch has the new optimizer step at rate 0 along gradients of 0, which moves
    parameters where a step is no multiple of the rate: their own values are loaded after it.
    """
    from torch.distributed.checkpoint import state_dict as checkpoint

    old.zero_grad()
    options = checkpoint.StateDictOptions(flatten_optimizer_state_dict=flat)
    saved = copy.deepcopy(checkpoint.get_optimizer_state_dict(model, old, options=options))
    kept = copy.deepcopy(model.state_dict())
    checkpoint.set_optimizer_state_dict(model, new, saved, options=options)
    model.load_state_dict(kept)


@pytest.mark.parametrize("name", each(UNASKED, DAILY))
def test_a_checkpoint_by_names_keeps_all(name):
    assert torch.equal(path(name, 3, partial(by_names, flat=False)), path(name))


@pytest.mark.parametrize("name", each([n for n in UNASKED if n not in IN_LISTS], DAILY))
def test_a_flat_checkpoint_keeps_all(name):
    assert torch.equal(path(name, 3, partial(by_names, flat=True)), path(name))


@pytest.mark.parametrize("name", each(OF_MODEL, DAILY))
@pytest.mark.parametrize("stop", [0, 3])
def test_a_file_that_kept_the_models_state_apart_can_be_read(name, stop):
    def before(model, old, new):
        saved = copy.deepcopy(old.state_dict())
        group = saved["param_groups"][0]
        of_before = {"step": "step_2", "params": "params_2"} if name == "traded" else {}
        kept = {slot: group.pop(of_before.get(slot, slot)) for slot in OF_MODEL[name]}
        if stop:
            saved["state"]["model"] = {of_before.get(key, key): kept[key] for key in kept}
        new.load_state_dict(saved)

    assert torch.equal(path(name, stop, before), path(name))
