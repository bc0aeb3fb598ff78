"""A convolutional network trained on handwritten digits in plain PyTorch, with a discovered rule.

    python examples/digits_torch.py

The optimizer is one file, `discovered/quickstart/winner_torch.py`; copy it beside your code. Needs
PyTorch and scikit-learn, whose 1,797 digits come with it. AdamW runs beside it, both with the best
of a few rates by validation loss, and both are then tested on images that no rate was chosen by.
"""

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "discovered" / "quickstart"))
from winner_torch import Quickstart  # noqa: E402

RATES = (3e-3, 1e-2, 3e-2)
SEEDS = (0, 1)
EPOCHS, BATCH = 12, 64


def images() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Images [count, 1, 8, 8] from 0 to 1 and their labels, in three parts."""
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(digits.images, dtype=torch.float32)[order, None] / 16
    y = torch.tensor(digits.target)[order]
    parts = {"train": slice(0, 1000), "validate": slice(1000, 1400), "test": slice(1400, None)}
    return {name: (x[part], y[part]) for name, part in parts.items()}


def network() -> nn.Module:
    """Two convolutions and a layer on top."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )


def trained(
    optimizer: type[torch.optim.Optimizer], rate: float, seed: int, data: dict
) -> nn.Module:
    """A network after `EPOCHS` passes through the training images."""
    torch.manual_seed(seed)
    model = network()
    step_by = optimizer(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(step_by, EPOCHS)
    x, y = data["train"]
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(y)).split(BATCH):
            step_by.zero_grad()
            cross_entropy(model(x[batch]), y[batch]).backward()
            step_by.step()
        schedule.step()
    return model


@torch.no_grad()
def measured(model: nn.Module, part: tuple[torch.Tensor, torch.Tensor]) -> tuple[float, float]:
    """Loss and accuracy."""
    x, y = part
    out = model(x)
    return cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def main() -> None:
    torch.set_num_threads(1)
    data = images()
    print(f"{'optimizer':12} {'rate':>6} {'test loss':>10} {'accuracy':>9}")
    for optimizer in (Quickstart, torch.optim.AdamW):
        runs = {r: [trained(optimizer, r, seed, data) for seed in SEEDS] for r in RATES}
        losses = {
            r: sum(measured(model, data["validate"])[0] for model in models)
            for r, models in runs.items()
        }
        rate = min(losses, key=losses.__getitem__)
        found = [measured(model, data["test"]) for model in runs[rate]]
        loss, accuracy = (sum(each) / len(SEEDS) for each in zip(*found, strict=True))
        print(f"{optimizer.__name__:12} {rate:6g} {loss:10.4f} {accuracy:9.1%}")


if __name__ == "__main__":
    main()
