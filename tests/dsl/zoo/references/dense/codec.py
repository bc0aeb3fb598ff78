"""States of eight bits: codes are looked up one by one."""

import numpy as np

from tests.dsl.zoo.references.dense import At, dense


def codes(signed: bool) -> list[float]:
    """The numbers that a byte stands for, in order."""
    found = [0.0, 1.0]
    for i in range(7):
        count = 2**i if signed else 2 ** (i + 1)
        width = 0.9 / count
        for k in range(count):
            magnitude = 10.0 ** (i - 6) * (0.1 + (k + 0.5) * width)
            found += [magnitude, -magnitude] if signed else [magnitude]
    return sorted(found)


CODES = {signed: np.array(codes(signed)) for signed in (False, True)}


def restored(x: np.ndarray, signed: bool, block: int) -> np.ndarray:
    """`x` after encoding and decoding."""
    code = CODES[signed]
    flat = x.ravel()
    found = np.zeros_like(flat)
    for begin in range(0, flat.size, block):
        part = flat[begin : begin + block]
        largest = max(abs(part))
        for i, entry in enumerate(part if largest > 0 else []):
            index = int(np.argmin(np.abs(code - entry / largest)))
            if signed and entry < 0 and code[index] == 0:
                index -= 1
            found[begin + i] = code[index] * largest
    return found.reshape(x.shape)


def _held(x: np.ndarray, signed: bool, block: float, least: float) -> np.ndarray:
    return restored(x, signed, int(block)) if x.size >= least else x


@dense("momentum_8bit")
def momentum_8bit(at: At, m, *, lr, b1, wd, block, least):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        momentum = b1 * m[i] + g + wd * w
        w -= lr * momentum
        m[i] = _held(momentum, True, block, least)


@dense("adamw_8bit")
def adamw_8bit(at: At, m, v, *, lr, b1, b2, eps, wd, block, least):
    rate = lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        skipped = (g.size >= least) & ~np.isfinite(g)
        first = np.where(skipped, 0.0, b1 * m[i] + (1 - b1) * g)
        second = np.where(skipped, 0.0, b2 * v[i] + (1 - b2) * g * g)
        m[i], v[i] = _held(first, True, block, least), _held(second, False, block, least)
        stepped = w - rate * first / (np.sqrt(second) + eps * np.sqrt(1 - b2**at.t))
        w[...] = np.where(skipped, w, stepped * (1 - lr * wd))


@dense("lion_8bit")
def lion_8bit(at: At, m, *, lr, b1, b2, wd, block, least):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w -= lr * (np.sign(b1 * m[i] + (1 - b1) * g) + wd * w)
        m[i] = _held(b2 * m[i] + (1 - b2) * g, True, block, least)
