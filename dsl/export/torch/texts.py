"""Texts that a PyTorch file may hold besides what declarations say: functions, classes, methods."""

FUNCTIONS = {
    "_HALF": """
_HALF = (torch.float16, torch.bfloat16)
""",
    "_wide": '''
def _wide(value: Any) -> Any:
    """A tensor, or each of a list, in float32 if it is in half precision."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype in _HALF else value
    if isinstance(value, (list, tuple)):
        return [_wide(each) for each in value]
    return value
''',
    "_refuse": '''
def _refuse(title: str, **options: bool | None) -> None:
    """Refuse an argument of other optimizers that this one has no use for."""
    reasons = {
        "foreach": "its step takes one tensor after another",
        "capturable": "its step reads numbers such as the rate on the host",
        "differentiable": "its step moves parameters in place and keeps no graph",
        "fused": "it has no kernel of its own",
    }
    for option, asked in options.items():
        if asked:
            raise RuntimeError(f"{title} does not support {option}: {reasons[option]}")
''',
    "_check_state": '''
def _check_state(title: str, state: dict[str, Any], slots: set[str], options: set[str]) -> None:
    """Refuse what another optimizer kept."""
    for key, kept in state["state"].items():
        found = set(kept) - {"step", "index"} - {f"{slot}_scale" for slot in slots}
        if kept and not isinstance(key, str) and found != slots:
            has, wants = (", ".join(sorted(keys)) or "nothing" for keys in (found, slots))
            raise ValueError(f"the state is not of {title}: it has {has} for {wants}")
    for group in state["param_groups"]:
        if missing := options - set(group):
            has = ", ".join(sorted(missing))
            raise ValueError(f"the state is not of {title}: a group has no {has}")
''',
    "_Backward": '''
class _Backward(torch.overrides.TorchFunctionMode):
    """While a closure runs, `backward()` keeps the graph, which the rule reads."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.backward:
            kwargs["retain_graph"] = True
        return func(*args, **kwargs)
''',
    "_count": '''
def _count(step: torch.Tensor) -> Any:
    """The steps taken, as a number; as a tensor while PyTorch compiles the step."""
    return step.double() if torch.compiler.is_compiling() else step.item()
''',
    "_round_into": '''
def _round_into(kept: Any, made: Any) -> None:
    """Round a tensor, or each of a list, into what is kept."""
    if isinstance(kept, list):
        for old, new in zip(kept, made, strict=True):
            old.copy_(new)
    elif isinstance(kept, torch.Tensor):
        kept.copy_(made)
''',
    "_of_each": '''
def _of_each(number: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """A number of each tensor in a stack, with axes of length 1 for those of the tensor."""
    return torch.vmap(number)(x).reshape(-1, *[1] * (x.ndim - 1))
''',
    "_positive": '''
def _positive(value: float, dtype: torch.dtype) -> float:
    """The value, or the least positive number of a dtype in which it would be 0."""
    info = torch.finfo(dtype)
    return max(value, info.tiny * info.eps)
''',
    "_number": '''
def _number(value: float, like: torch.Tensor | None = None) -> torch.Tensor:
    """A number as a tensor without axes, in the dtype of `like` or else float64."""
    if like is None:
        return torch.as_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
''',
    "_spread": '''
def _spread(value: torch.Tensor | float, like: torch.Tensor) -> torch.Tensor:
    """A value in the shape and dtype of `like`."""
    if hasattr(like, "device_mesh"):
        return torch.zeros_like(like) + value
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand_as(like)
''',
    "_spread_to": '''
def _spread_to(
    value: torch.Tensor | float, shape: tuple[int, ...], like: torch.Tensor
) -> torch.Tensor:
    """A value broadcast to a shape, in the dtype of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand(shape)
''',
    "_codes": '''
def _codes(signed: bool, like: torch.Tensor) -> torch.Tensor:
    """The 256 numbers of eight bits, in order: a decimal exponent in unary, then a fraction."""
    found = [torch.tensor([0.0, 1.0], dtype=torch.float64, device=like.device)]
    for exponent in range(7):
        parts = 2**exponent if signed else 2 ** (exponent + 1)
        part = torch.arange(parts, dtype=torch.float64, device=like.device)
        magnitude = 10.0 ** (exponent - 6) * (0.1 + 0.9 * (part + 0.5) / parts)
        found += [-magnitude, magnitude] if signed else [magnitude]
    return torch.cat(found).sort().values.to(like.dtype)
''',
    "_coded": '''
def _coded(x: torch.Tensor, signed: bool, block: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes of entries, uint8 [blocks, block], and the largest magnitude of each block."""
    width = min(max(round(block), 1), x.numel())
    flat = x.reshape(-1)
    rows = torch.nn.functional.pad(flat, (0, -len(flat) % width)).reshape(-1, width)
    scale = torch.abs(rows).amax(1)
    scale = torch.where(torch.isfinite(scale), scale, torch.nan)
    codes = _codes(signed, x)
    at = torch.searchsorted((codes[1:] + codes[:-1]) / 2, rows / scale[:, None])
    if signed:
        at -= ((rows < 0) & (codes[at] == 0)).to(at.dtype)
    return at.to(torch.uint8), scale
''',
    "_decoded": '''
def _decoded(
    at: torch.Tensor, scale: torch.Tensor, signed: bool, like: torch.Tensor
) -> torch.Tensor:
    """The tensor that codes stand for, shaped like `like`."""
    held = _codes(signed, scale)[at.long()] * scale[:, None]
    held = torch.where(scale[:, None] == 0, torch.zeros_like(held), held)
    return held.reshape(-1)[: like.numel()].reshape(like.shape)
''',
    "_copy_all": '''
def _copy_all(old: list[torch.Tensor], new: Any) -> None:
    """Put the tensors of one list into those of another, at once where they are not sharded."""
    if hasattr(old[0], "device_mesh"):  # PyTorch has no _foreach_copy_ for these
        for here, there in zip(old, new, strict=True):
            here.copy_(there)
    else:
        torch._foreach_copy_(old, new)
''',
    "_copy_each": '''
def _copy_each(old: list[torch.Tensor], new: list[torch.Tensor]) -> None:
    """Put the tensors of one list into those of another."""
    for here, there in zip(old, new, strict=True):
        here.copy_(there)
''',
}

GROUP = '''
class _Group(dict[str, Any]):
    """A group of parameters without a learning rate."""

    def __missing__(self, key: str) -> Any:
        if key != "lr":
            raise KeyError(key)
'''

METHODS = '''
    def _draw(self, kind: str, p: torch.Tensor, stream: float) -> torch.Tensor:
        """Random numbers like `p`; a stream is the same however often a step reads it."""
        generator = self._noise_generator(p, stream)
        dtype = torch.promote_types(p.dtype, torch.float32)
        if kind == "normal":
            made = torch.randn(p.shape, generator=generator, dtype=dtype, device=p.device)
        else:
            signs = torch.randint(0, 2, p.shape, generator=generator, device=p.device)
            made = (2 * signs - 1).to(dtype)
        return _sharded_like(p, made)

    def _draw_members(self, p: torch.Tensor, x: torch.Tensor, stream: float) -> torch.Tensor:
        """Normal numbers like the members `x` of a population, others than those like `p`."""
        generator = self._noise_generator(p, stream, len(x))
        return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=p.device)

    def _noise_generator(self, p: torch.Tensor, *of: float) -> torch.Generator:
        """The generator of what a step draws for a parameter."""
        state = self.state[p]
        mixed = 0
        for part in (self.param_groups[0]["seed"], state["step"], state["index"], *of):
            mixed = (mixed * 6364136223846793005 + round(float(part)) + 1442695040888963407) % 2**63
        return torch.Generator(device=p.device).manual_seed(mixed)

    def _split(self, flat: torch.Tensor, ready: list[Any]) -> list[torch.Tensor]:
        """Entries of the model, one after the other, as a list like the parameters."""
        parts = flat.split([p.numel() for _, p, _ in ready])
        return [x.reshape(p.shape) for x, (_, p, _) in zip(parts, ready, strict=True)]

    def _elsewhere(self, ready: list[Any], point: list[Any], ask: Callable[[], Any]) -> Any:
        """The answer of `ask` while the parameters are at `point`; it may call a closure."""
        kept = [(p.clone(), p.grad) for _, p, _ in ready]
        try:
            for (_, p, _), there in zip(ready, point, strict=True):
                p.data.copy_(there)  # the graph of the loss at hand stays good
                p.grad = None
            with torch.enable_grad(), _Backward():
                return ask()
        finally:
            for (_, p, _), (here, grad) in zip(ready, kept, strict=True):
                p.data.copy_(here)
                p.grad = grad
'''
"""Methods of no oracle alone; the others stand in the declarations of oracles."""

CALLED_BY = {"_elsewhere": "_Backward", "_draw": "_sharded_like"}
"""The functions that methods call."""
