"""Numbers out of tensors: one per parameter tensor, or one for the model."""

from dsl.language.registry import Binding, Scope, even, finite, odd, primitive
from dsl.language.sides import ACTION
from dsl.language.sign import Sign

_NORM_GUARD = 1e-30


@primitive(
    "Tensor -> Scalar",
    torch="torch.linalg.vector_norm({x})",
    latex=r"\left\|{x}\right\|",
    equations=(
        even("norm"),
        finite("norm(abs(x)) => norm(x)", "norm sees no signs"),
        finite("norm(k * x) => abs(k) * norm(x)", "a scale moves out of norm", ("k: Global",)),
        finite("norm(x / norm(x)) => 1", "the norm of what has norm 1"),
    ),
    sign=Sign.NEVER_BELOW,
)
def norm(xp, x):
    """The Euclidean norm of each tensor, flattened."""
    return xp.sqrt(xp.sum(xp.square(x)))


@primitive(
    "Tensor -> Scalar",
    torch="torch.sum(torch.abs({x}))",
    latex=r"\left\|{x}\right\|_1",
    equations=(
        even("l1_norm"),
        finite("l1_norm(abs(x)) => l1_norm(x)", "l1_norm sees no signs"),
        finite(
            "l1_norm(k * x) => abs(k) * l1_norm(x)", "a scale moves out of l1_norm", ("k: Global",)
        ),
        finite("sum(abs(x)) => l1_norm(x)", "a norm spelled out"),
    ),
    sign=Sign.NEVER_BELOW,
)
def l1_norm(xp, x):
    """The sum of magnitudes of each tensor."""
    return xp.sum(xp.abs(x))


@primitive(
    "Tensor -> Scalar",
    torch="""
def _max_abs(x: torch.Tensor) -> torch.Tensor:
    return torch.abs(x).max() if x.numel() else x.new_zeros(())
""",
    latex=r"\left\|{x}\right\|_\infty",
    equations=(
        even("max_abs"),
        finite("max_abs(abs(x)) => max_abs(x)", "max_abs sees no signs"),
        finite(
            "max_abs(k * x) => abs(k) * max_abs(x)", "a scale moves out of max_abs", ("k: Global",)
        ),
    ),
    sign=Sign.NEVER_BELOW,
)
def max_abs(xp, x):
    """The largest magnitude in each tensor."""
    return xp.max(xp.abs(x), initial=0.0)


@primitive(
    "Tensor -> Scalar",
    torch="torch.sqrt(torch.mean(torch.square({x})))",
    latex=r"\operatorname{{rms}}\left({x}\right)",
    equations=(
        even("rms"),
        finite("rms(abs(x)) => rms(x)", "rms sees no signs"),
        finite("rms(k * x) => abs(k) * rms(x)", "a scale moves out of rms", ("k: Global",)),
        finite("rms(x / rms(x)) => 1", "the root mean square of what has 1"),
    ),
    sign=Sign.NEVER_BELOW,
)
def rms(xp, x):
    """The root mean square of each tensor."""
    return xp.sqrt(xp.mean(xp.square(x)))


@primitive(
    "Tensor -> Scalar",
    torch="torch.mean({x})",
    latex=r"\operatorname{{mean}}\left({x}\right)",
    equations=(
        odd("mean"),
        finite("mean(k * x) => k * mean(x)", "mean is linear", ("k: Global",)),
    ),
    sign=Sign.KEPT,
)
def mean(xp, x):
    """The mean of each tensor."""
    return xp.mean(x)


@primitive(
    "Tensor -> Scalar",
    torch="torch.sum({x})",
    latex=r"\textstyle\sum {x:product}",
    binds=Binding.SUM,
    weight=0.5,
    equations=(
        odd("sum"),
        finite("sum(k * x) => k * sum(x)", "sum is linear", ("k: Global",)),
    ),
    sign=Sign.KEPT,
)
def sum_(xp, x):
    """The sum of each tensor."""
    return xp.sum(x)


@primitive(
    "Tensor, Tensor -> Scalar",
    torch="torch.sum({x} * {y})",
    latex=r"\langle {x}, {y}\rangle",
    commutative=True,
    equations=(
        finite("dot(-x, y) => -dot(x, y)", "dot is linear"),
        finite("dot(k * x, y) => k * dot(x, y)", "dot is linear", ("k: Global",)),
        finite("sum(x * y) => dot(x, y)", "an inner product spelled out"),
    ),
)
def dot(xp, x, y):
    """The inner product of `x` and `y`, tensor by tensor."""
    return xp.sum(x * y)


@primitive(
    "Tensor -> Global",
    torch="""
def _global_norm(x: list[torch.Tensor]) -> torch.Tensor:
    return torch.sqrt(torch.stack([torch.sum(torch.square(leaf)) for leaf in x]).sum())
""",
    latex=r"\left\|{x}\right\|_{{\mathrm{{all}}}}",
    equations=(
        even("global_norm"),
        finite("global_norm(abs(x)) => global_norm(x)", "global_norm sees no signs"),
        finite("global_norm(x / global_norm(x)) => 1", "the norm of what has norm 1"),
        finite(
            "global_norm(k * x) => abs(k) * global_norm(x)",
            "a scale moves out of global_norm",
            ("k: Global",),
        ),
    ),
    sign=Sign.NEVER_BELOW,
)
def global_norm(xp, x):
    """The Euclidean norm over all tensors of the model."""
    return xp.sqrt(sum(xp.sum(xp.square(leaf)) for leaf in x))


@primitive(
    "Tensor, Tensor -> Global",
    torch="""
def _global_dot(x: list[torch.Tensor], y: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack([torch.sum(a * b) for a, b in zip(x, y, strict=True)]).sum()
""",
    latex=r"\langle {x}, {y}\rangle_{{\mathrm{{all}}}}",
    commutative=True,
    equations=(
        finite("global_dot(-x, y) => -global_dot(x, y)", "global_dot is linear"),
        finite(
            "global_dot(k * x, y) => k * global_dot(x, y)", "global_dot is linear", ("k: Global",)
        ),
    ),
)
def global_dot(xp, x, y):
    """The inner product of `x` and `y` over all tensors of the model."""
    return sum(xp.sum(a * b) for a, b in zip(x, y, strict=True))


@primitive(
    "Tensor -> Global",
    torch="""
def _global_mean(x: list[torch.Tensor]) -> torch.Tensor:
    total = torch.stack([torch.sum(leaf) for leaf in x]).sum()
    return total / sum(leaf.numel() for leaf in x)
""",
    latex=r"\operatorname{{mean}}_{{\mathrm{{all}}}}\left({x}\right)",
    weight=0.5,
    equations=(
        odd("global_mean"),
        finite("global_mean(k * x) => k * global_mean(x)", "global_mean is linear", ("k: Global",)),
    ),
    sign=Sign.KEPT,
)
def global_mean(xp, x):
    """The mean over all entries of the model."""
    return sum(xp.sum(leaf) for leaf in x) / sum(leaf.size for leaf in x)


@primitive(
    "Tensor -> Global",
    torch="""
def _global_max_abs(x: list[torch.Tensor]) -> torch.Tensor:
    largest = [torch.abs(leaf).max() for leaf in x if leaf.numel()]
    return torch.stack(largest).max() if largest else torch.zeros(())
""",
    latex=r"\left\|{x}\right\|_{{\infty,\mathrm{{all}}}}",
    weight=0.25,
    equations=(
        even("global_max_abs"),
        finite("global_max_abs(abs(x)) => global_max_abs(x)", "global_max_abs sees no signs"),
        finite(
            "global_max_abs(k * x) => abs(k) * global_max_abs(x)",
            "a scale moves out of global_max_abs",
            ("k: Global",),
        ),
    ),
    sign=Sign.NEVER_BELOW,
)
def global_max_abs(xp, x):
    """The largest magnitude in the model; 0 if it has no entries."""
    largest = [xp.max(xp.abs(leaf), initial=0.0) for leaf in x]
    return xp.max(xp.stack(largest)) if largest else 0.0


@primitive(
    "Tensor, Tensor -> Global",
    torch="""
def _cosine_sim(x: list[torch.Tensor], y: list[torch.Tensor]) -> torch.Tensor:
    inner = torch.stack([torch.sum(a * b) for a, b in zip(x, y, strict=True)]).sum()
    xx = torch.stack([torch.sum(torch.square(a)) for a in x]).sum()
    yy = torch.stack([torch.sum(torch.square(b)) for b in y]).sum()
    return inner / torch.sqrt(torch.clamp(xx * yy, min=1e-30))
""",
    latex=r"\cos\angle\left({x}, {y}\right)",
    commutative=True,
    equations=(
        finite("cosine_sim(-x, y) => -cosine_sim(x, y)", "a sign moves out of a cosine"),
        finite("cosine_sim(-x, -y) => cosine_sim(x, y)", "a cosine of opposites"),
        finite(
            "cosine_sim(k * x, y) => cosine_sim(x, y)",
            "a scale does not change a cosine",
            ("k > 0", "k: Global"),
        ),
    ),
)
def cosine_sim(xp, x, y):
    """The cosine of the angle between `x` and `y` over the whole model; 0 where either is 0."""
    inner = sum(xp.sum(a * b) for a, b in zip(x, y, strict=True))
    xx = sum(xp.sum(xp.square(a)) for a in x)
    yy = sum(xp.sum(xp.square(b)) for b in y)
    return inner / xp.sqrt(xp.maximum(xx * yy, _NORM_GUARD))


@primitive(
    "Tensor, Global -> Tensor",
    scope=Scope.MODEL,
    torch="""
def _clip_by_global_norm(x: list[torch.Tensor], c: torch.Tensor | float) -> list[torch.Tensor]:
    size = _whole(torch.sqrt(torch.stack([torch.sum(torch.square(leaf)) for leaf in x]).sum()))
    shrink = torch.where(size < c, torch.ones_like(size), c / size)
    return [leaf * shrink for leaf in x]
""",
    latex=r"\operatorname{{clip}}_{{\mathrm{{all}}}}\left({x}, {c}\right)",
    equations=(
        finite(
            "clip_by_global_norm(clip_by_global_norm(x, c), c) => clip_by_global_norm(x, c)",
            "clipped twice",
            ("c > 0",),
        ),
        finite(
            "clip_by_global_norm(-x, c) => -clip_by_global_norm(x, c)",
            "a sign moves out of clipping",
        ),
        finite(
            "clip_by_global_norm(k * x, c) => k * clip_by_global_norm(x, c / k)",
            "a scale moves out of clipping",
            ("k > 0", "k: Global"),
        ),
    ),
    work=2,
    sides=ACTION,
)
def clip_by_global_norm(xp, x, c):
    """`x` scaled down to global norm `c` where it is larger; no eps (Pascanu et al. 2013)."""
    size = xp.sqrt(sum(xp.sum(xp.square(leaf)) for leaf in x))
    shrink = xp.where(size < c, 1.0, c / size)
    return [leaf * shrink for leaf in x]
