"""Limits that a program has to keep wherever it is run: of its weights, and of what it may lose.

Pure Python, read by the free checks and by training alike.
"""

SANE = 1e4
"""Largest magnitude a parameter may reach: a loss can be fooled by weights far beyond it."""

_OF_THE_GAIN = 0.5
_OF_THE_WAY = 0.1


def short_lived(begun: float, ended: float, after: float, floor: float) -> bool:
    """True if a few steps past the horizon undo what was reached there.

    Undone is more than half of the gain and more than a tenth of the way to the floor: the noise of
    a large rate, and a schedule that reads beyond its end, cost less.

    **Arguments:** losses before training, at the horizon, a few steps later (NaN if that was not
    reached), and the lowest possible one.
    """
    lost = after - ended
    return not lost <= max(_OF_THE_GAIN * (begun - ended), _OF_THE_WAY * (begun - floor))
