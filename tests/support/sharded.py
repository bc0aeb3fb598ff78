"""Exported PyTorch optimizers at work on sharded parameters; run as one of several processes.

    python -m tests.support.sharded RANK WORLD FOLDER [--alike] [--before] [--columns] RULE...

Every process has its part of the batch, or all of it with `--alike`. The first one writes the
parameters after a few steps of each rule to FOLDER. With `--before` a closure hands over what was
computed before the step. With `--columns` no model trains: parameters are cut along columns, as for
tensor parallelism, along rows, or not at all, and gradients are drawn.
"""

import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Shard, distribute_tensor

from dsl.export import to_torch_source
from dsl.export.facts import Facts
from dsl.export.names import camel_case
from dsl.export.torch.parameters import needs_closure
from tests.support.exporting import RULES, extra, loaded

EXAMPLES = 8


def model_of(mesh=None) -> torch.nn.Module:
    """A small model, sharded over a mesh if there is one: by its parts, and by the rest."""
    torch.manual_seed(0)
    inner = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Tanh())
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.Tanh(), inner, torch.nn.Linear(6, 2)
    )
    model = model.double()
    if mesh is not None:
        fully_shard(inner, mesh=mesh, reshard_after_forward=True)
        fully_shard(model, mesh=mesh)
    return model


def walk(
    name: str, mesh=None, *, backward: bool = True, alike: bool = False, before: bool = False
) -> torch.Tensor:
    """The parameters of a small model after four steps, sharded over a mesh if there is one; behind
    them those to evaluate, if the rule says others.

    **Arguments:** `backward`: whether the closure calls `backward()` and what comes before it.
    `alike`: whether all processes have the same batch. `before`: whether the closure returns the
    loss of the backward pass before it.
    """
    rule = RULES[name]
    model = model_of(mesh)
    x = torch.randn(EXAMPLES, 4, dtype=torch.float64)
    if mesh is not None and not alike:
        x = x[mesh.get_rank() :: mesh.size()]
    optimizer = loaded(to_torch_source(rule))[camel_case(rule)](model.parameters(), **extra(rule))

    def losses() -> torch.Tensor:
        return (model(x) - x[:, :2]).square().mean(1)

    def closure() -> torch.Tensor:
        if backward:
            optimizer.zero_grad()
        loss = losses().mean()
        if backward:
            loss.backward()
        return loss

    def sampled(generator: torch.Generator) -> torch.Tensor:
        made = model(x)
        noise = torch.randn(made.shape, generator=generator, dtype=made.dtype)
        return (made - (made + noise).detach()).square().mean()

    def outputs() -> object:
        return model(x), lambda made: (made - x[:, :2]).square().mean()

    functions = {"full_fn": lambda: losses().mean(), "losses_fn": losses, "sampled_fn": sampled}
    functions["outputs_fn"] = outputs
    facts = Facts.of(rule)
    given = {key: each for key, each in functions.items() if key in asked_by(facts)}
    if needs_closure(facts):
        given["closure"] = closure
    for _ in range(4):
        optimizer.zero_grad()
        loss = losses().mean()
        loss.backward(retain_graph=before)
        if before:
            given["closure"] = lambda loss=loss: loss
        optimizer.step(**given)
    if facts.point is None:
        return whole(model.parameters())
    trained = whole(model.parameters())
    optimizer.eval()
    evaluated = whole(model.parameters())
    optimizer.train()
    assert torch.equal(whole(model.parameters()), trained)
    return torch.cat([trained, evaluated])


SHAPES = [(6, 4), (4, 2), (4,), (3,)]


def drawn(name: str, mesh=None, *, foreach: bool | None = None) -> torch.Tensor:
    """Parameters of one group after four steps along drawn gradients; over a mesh if there is one,
    the first is cut along its columns, the last not at all."""
    rule, generator = RULES[name], torch.Generator().manual_seed(0)
    optimizer: Any = loaded(to_torch_source(rule))[camel_case(rule)]

    def draw() -> list[torch.Tensor]:
        made = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES]
        if mesh is None:
            return made
        cut = zip(made, (Shard(1), Shard(0), Shard(0)), strict=False)
        return [*(distribute_tensor(x, mesh, [place]) for x, place in cut), made[-1]]

    params = [torch.nn.Parameter(x) for x in draw()]
    taken = optimizer(params, foreach=foreach, **extra(rule))
    for _ in range(4):
        for p, g in zip(params, draw(), strict=True):
            p.grad = g
        taken.step()
    return whole(params)


def whole(params: Iterable[torch.nn.Parameter]) -> torch.Tensor:
    """The entries of all parameters, gathered where they are sharded."""
    parts = [p.detach() for p in params]
    return torch.cat([getattr(p, "full_tensor", lambda p=p: p)().reshape(-1) for p in parts])


def at_once(name: str) -> bool:
    """True if the exported optimizer of a rule has `foreach`."""
    return "def _foreach(" in to_torch_source(RULES[name])


def asked_by(facts: Facts) -> set[str]:
    """The functions that a step takes."""
    return {source.argument for source in facts.sources}


def main() -> None:
    rank, world, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    names = [each for each in sys.argv[4:] if not each.startswith("--")]
    alike, before = "--alike" in sys.argv, "--before" in sys.argv
    warnings.simplefilter("ignore")
    folder.mkdir(exist_ok=True)
    dist.init_process_group(
        "gloo", store=dist.FileStore(str(folder / "store"), world), rank=rank, world_size=world
    )
    mesh = init_device_mesh("cpu", (world,))
    for name in names if "--columns" in sys.argv else ():
        for foreach in (False, True) if at_once(name) else (False,):
            found = drawn(name, mesh, foreach=foreach)
            if rank == 0:
                torch.save(found, folder / f"{name}-{foreach}.pt")
    for name in names if "--columns" not in sys.argv else ():
        for backward in (True, False) if needs_closure(Facts.of(RULES[name])) else (True,):
            found = walk(name, mesh, backward=backward, alike=alike, before=before)
            if rank == 0:
                torch.save(found, folder / f"{name}-{backward}.pt")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # A thread of gloo that meets a closing interpreter can abort the process.
