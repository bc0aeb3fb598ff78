"""The methods that keep slots as codes of eight bits and a scale for each block.

A coded slot starts in `_open`, not with the rest of the state, so that no step holds those of all
parameters in full.
"""

from dsl.export.layout import layout
from dsl.export.torch.values import TorchDialect

_METHODS = '''
    def _open(self, p: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """A parameter and its state for a step: whole, decoded, half precision in float32."""
        w = _wide(_gathered(p))
        state = {key: _wide(_gathered(value)) for key, value in self.state[p].items()}
        for key, signed in self._signed:
            if f"{key}_scale" in state:
                state[key] = _decoded(state[key], state.pop(f"{key}_scale"), signed, w)
            elif key not in state:
                state[key] = torch.zeros_like(w)
        return w, state

    def _close(
        self, p: torch.Tensor, w: torch.Tensor, state: dict[str, Any], block: float, least: float
    ) -> None:
        """Keep what the step made: slots of large tensors as codes, the others in full."""
        kept, signs = self.state[p], dict(self._signed)
        if w is not p:
            _cut_into(p, w)
        for key, value in state.items():
            if key not in signs:
                _cut_into(kept[key], value)
            elif p.numel() > 0 and p.numel() >= least:
                codes, scale = _coded(value, signs[key], block)
                kept[key], kept[f"{key}_scale"] = _cut_along(p, [codes, scale.to(p.dtype)])
            else:
                kept[key] = _cut_along(p, value.to(p.dtype))
                kept.pop(f"{key}_scale", None)

    def _restore_codes(self) -> None:
        """Make codes of what PyTorch took for numbers when it loaded them."""
        for kept in self.state.values():
            for key, _ in self._signed:
                if f"{key}_scale" in kept:
                    kept[key] = kept[key].to(torch.uint8)
'''


def coding(values: TorchDialect) -> list[str]:
    """`_open` and `_close`, between which slots are numbers, and what restores codes."""
    for name in ("_HALF", "_wide", "_cut_into", "_codes", "_coded", "_decoded", "_cut_along"):
        values.declared.function(name)
    return [*_METHODS.strip("\n").splitlines()]


def class_variable(values: TorchDialect) -> list[str]:
    """The line that names the coded slots, by their keys, and says which have codes with signs."""
    if values.codecs is None:
        return []
    pairs = [f'("{values.keys[slot]}", {signed})' for slot, signed in values.codecs.slots.items()]
    return [*layout(4, "_signed = (", pairs, ")" if pairs[1:] else ",)"), ""]
