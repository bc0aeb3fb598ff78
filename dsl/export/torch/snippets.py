"""Functions and methods that a PyTorch file holds where its rule needs them, as their text.

Here are those of no oracle; the others stand in its declaration.
"""

import re
from collections.abc import Iterator

from dsl.language.registry import PRIMITIVES

FUNCTIONS = {
    "_number": '''
def _number(value: float, like: torch.Tensor | None = None) -> torch.Tensor:
    """A number as a tensor without axes, in the dtype of `like` or else float64."""
    if like is None:
        return torch.as_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
''',
    "_spread": '''
def _spread(value: torch.Tensor | float, like: torch.Tensor) -> torch.Tensor:
    """A number in the shape and dtype of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand_as(like)
''',
}

_SHARED = '''
    def _draw(self, kind: str, p: torch.Tensor, stream: float) -> torch.Tensor:
        """Random numbers like `p`; a stream is the same however often a step reads it."""
        state = self.state[p]
        mixed = 0
        for part in (self.param_groups[0]["seed"], state["step"], state["index"], stream):
            mixed = (mixed * 6364136223846793005 + round(float(part)) + 1442695040888963407) % 2**63
        generator = torch.Generator(device=p.device).manual_seed(mixed)
        if kind == "normal":
            return torch.randn(p.shape, generator=generator, dtype=p.dtype, device=p.device)
        signs = torch.randint(0, 2, p.shape, generator=generator, device=p.device)
        return (2 * signs - 1).to(p.dtype)

    def _split(self, flat: torch.Tensor, ready: list[Any]) -> list[torch.Tensor]:
        """Entries of the model, one after the other, as a list like the parameters."""
        parts = flat.split([p.numel() for _, p, _ in ready])
        return [x.reshape(p.shape).to(p.dtype) for x, (_, p, _) in zip(parts, ready, strict=True)]

    def _elsewhere(self, ready: list[Any], point: list[Any], ask: Callable[[], Any]) -> Any:
        """What `ask` says while the parameters are at `point`."""
        kept = [p.clone() for _, p, _ in ready]
        try:
            for (_, p, _), there in zip(ready, point, strict=True):
                p.copy_(there)
            with torch.enable_grad():
                return ask()
        finally:
            for (_, p, _), here in zip(ready, kept, strict=True):
                p.copy_(here)
'''


def methods() -> dict[str, str]:
    """The text of every method by its name."""
    texts = [_SHARED, *(p.oracle.methods for p in PRIMITIVES.values() if p.oracle)]
    each = [text for whole in texts for text in re.split(r"\n(?=    def )", whole) if text.strip()]
    return {re.findall(r"def (\w+)", text)[0]: text.strip("\n") for text in each}


def needed(method: str) -> Iterator[str]:
    """A method and those that it calls, itself first; KeyError if there is none of the name."""
    yield method
    for called in re.findall(r"self\.(_\w+)\(", methods()[method]):
        yield from needed(called)
