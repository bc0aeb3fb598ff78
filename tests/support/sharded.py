"""Exported PyTorch optimizers at work on sharded parameters; run as one of several processes.

    python -m tests.support.sharded RANK WORLD FOLDER RULE...

The first process writes the parameters after a few steps of each rule to FOLDER.
"""

import sys
import warnings
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from dsl.export import to_torch_source
from dsl.export.names import camel_case
from tests.support.exporting import RULES, extra, loaded


def walk(name: str, mesh=None) -> torch.Tensor:
    """The parameters of a small model after four steps, sharded over a mesh if there is one."""
    rule = RULES[name]
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))
    model = model.double()
    if mesh is not None:
        fully_shard(model, mesh=mesh)
    x = torch.randn(8, 4, dtype=torch.float64)
    optimizer = loaded(to_torch_source(rule))[camel_case(rule)](model.parameters(), **extra(rule))
    for _ in range(4):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step(lambda loss=loss: loss)
    parts = [p.detach() for p in model.parameters()]
    return torch.cat([getattr(p, "full_tensor", lambda p=p: p)().reshape(-1) for p in parts])


def main() -> None:
    rank, world, folder, names = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]
    warnings.simplefilter("ignore")
    dist.init_process_group(
        "gloo", store=dist.FileStore(str(folder / "store"), world), rank=rank, world_size=world
    )
    mesh = init_device_mesh("cpu", (world,))
    for name in names:
        found = walk(name, mesh)
        if rank == 0:
            torch.save(found, folder / f"{name}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
