"""Steps at which a training run is looked at: for its validation loss, and for its parameters."""

from collections.abc import Sequence

CHECK_EVERY = 10
"""Steps between checks of the parameters; a run that has failed goes on to the next check."""

_BEYOND = 20
"""Training goes on past the horizon by one step in twenty, and by one at least."""


def horizons(steps: int) -> tuple[int, ...]:
    """The two horizons at which a run of `steps` steps is judged: short memories win the first,
    patience the second."""
    return tuple(sorted({max(steps // 3, 1), steps}))


def last_step(steps: int) -> int:
    """The step at which training to the horizon `steps` ends, a little past it."""
    return steps + max(steps // _BEYOND, 1)


def shortened(checkpoints: Sequence[int], steps: int) -> tuple[int, ...]:
    """Checkpoints in the same proportions for a run of `steps` steps; two of them may coincide."""
    whole = checkpoints[-1]
    return tuple(max((2 * at * steps + whole) // (2 * whole), 1) for at in checkpoints)


def checked(checkpoints: Sequence[int], steps: int) -> tuple[int, ...]:
    """Checkpoints as given; ValueError unless they rise from 1 or more to the horizon `steps`."""
    found = tuple(checkpoints)
    if list(found) != sorted({*found, steps}) or found[0] < 1:
        raise ValueError(f"checkpoints rise from 1 to the horizon {steps}, met {found}")
    return found
