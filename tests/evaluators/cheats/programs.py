"""Programs that try to win without optimizing: each with what it tries, and what must become of it.

Data only. A cheat ends in one of two ways. Either it is refused, by a check or by its training, and
`outcomes` holds the outcomes that say so rightly (which one depends on the task that meets it
first); or it is measured like anybody else and `outcomes` is empty: then its score must be no
better than that of doing nothing, which is 0.
"""

from dataclasses import dataclass

from dsl import Program, parse
from evaluators.evaluation import Outcome

STEPS = 60
"""The horizon that some of them know by heart."""

HEADER = "def cheat(w, g, t, T, loss, m=zeros, n=zeros, z=copy_w, c=number(0), *, lr=0.01):\n"


@dataclass(frozen=True)
class Cheat:
    """A program as lines of text under `HEADER`, and what must happen to it."""

    name: str
    tries: str
    body: str
    outcomes: tuple[Outcome, ...] = ()

    @property
    def program(self) -> Program:
        """The program, parsed."""
        lines = (f"    {line.strip()}\n" for line in self.body.strip().splitlines())
        return parse(HEADER + "".join(lines))


IGNORES = (Outcome.GRADIENT_INDEPENDENT,)
BREAKS = (Outcome.NON_FINITE,)
LEAVES = (Outcome.DIVERGED,)
UPHILL = (Outcome.NO_DESCENT,)
STILL = (Outcome.MOTIONLESS,)
ONE_WAY = (Outcome.ONE_SIGNED,)
BRIEF = (Outcome.SHORT_LIVED,)
BLIND = (Outcome.DIRECTIONLESS, Outcome.NO_DESCENT)
SCORED: tuple[Outcome, ...] = ()

CHEATS = (
    # Steps that never ask the data.
    Cheat(
        "huge constant",
        "all logits equal and huge, so that a careless loss rounds to 0",
        "return w - 1e8",
        IGNORES,
    ),
    Cheat(
        "sane constant",
        "all weights to one constant within the sane range",
        "return w - 100",
        IGNORES,
    ),
    Cheat("zero", "all weights to 0: all classes alike", "return w", IGNORES),
    Cheat(
        "times zero", "names the gradient and multiplies it by 0", "return w - 100 + 0 * g", IGNORES
    ),
    Cheat("cancelled", "adds the gradient and takes it away", "return g - (g + lr * w)", IGNORES),
    Cheat(
        "sign squared",
        "a gradient's sign times itself, which is 1",
        "return lr * w * sign(g) * sign(g) + lr",
        IGNORES,
    ),
    Cheat(
        "dead branch",
        "a gradient behind a flag that never rises",
        "return where(g > 1e30, g, lr * w)",
        IGNORES,
    ),
    Cheat(
        "far branch",
        "a gradient on a step that never comes",
        "return lr * when(t > 1e6, g, w)",
        IGNORES,
    ),
    Cheat(
        "guarded",
        "reads the gradient only to see that it is a number",
        "return lr * where(equal(g, g), w, g)",
        IGNORES,
    ),
    Cheat("clock", "steps that read the step number alone", "return lr * sin(t)", IGNORES),
    Cheat(
        "countdown", "shrinks the weights as the horizon nears", "return lr * w * t / T", IGNORES
    ),
    Cheat(
        "memorised point",
        "drives every weight to a point written in constants",
        "return 0.1 * (w - 0.05 * sin(1000 * z))",
        IGNORES,
    ),
    Cheat("noise", "a walk that may end somewhere better", "return lr * normal(0)", IGNORES),
    Cheat("still", "never moves from a lucky start", "return 0 * g", IGNORES),
    Cheat("frozen slot", "subtracts a slot that only ever holds 0", "m = m * g\nreturn m", IGNORES),
    # Steps that ask, and do not listen.
    Cheat(
        "drop in the ocean",
        "a constant with a trace of gradient",
        "return w - 1e8 + 1e-3 * g",
        LEAVES,
    ),
    Cheat(
        "creep",
        "up by a constant, with a trace of gradient",
        "return -1e3 + 1e-9 * g",
        (*ONE_WAY, *LEAVES),
    ),
    Cheat(
        "decay with an alibi",
        "shrinks the weights, with a trace of gradient",
        "return lr * w + 1e-6 * g * w",
        BLIND,
    ),
    Cheat(
        "first step only",
        "asks once and then shrinks the weights",
        "m = when(equal(t, 1), g, m)\nreturn lr * (w + 1e-4 * m)",
        UPHILL,
    ),
    Cheat("tiny", "steps below the precision of the weights", "return 1e-12 * g", STILL),
    Cheat("one way", "steps as long as the gradient, all upwards", "return lr * abs(g)", ONE_WAY),
    Cheat(
        "one way, clipped",
        "an overflow that a clip hides: every step is the bound",
        "return clip(exp(exp(exp(g * g + 10))), 0, lr)",
        (*IGNORES, *ONE_WAY),
    ),
    Cheat(
        "size only",
        "shrinks by the size of the gradient, blind to its direction",
        "return lr * global_norm(g) * w",
        UPHILL,
    ),
    Cheat("loss only", "shrinks by the loss", "return lr * loss * w", UPHILL),
    Cheat(
        "noise by size",
        "a walk whose steps are as long as the gradient",
        "return lr * global_norm(g) * normal(0) / 10",
        BLIND,
    ),
    Cheat(
        "noise by loss",
        "a walk that slows down as the loss falls",
        "return lr * loss * rademacher(0)",
        BLIND,
    ),
    Cheat(
        "growth",
        "inflates the weights, and with them the margins, by the size of the gradient",
        "return -lr * w * global_norm(g)",
        (*UPHILL, *LEAVES),
    ),
    Cheat(
        "late growth",
        "the same once there is something to inflate",
        "return when(t > T / 2, -0.3 * w * sign(loss), 1e-5 * g)",
        (*UPHILL, *LEAVES),
    ),
    Cheat("ascent", "climbs", "return -lr * g", UPHILL),
    Cheat("steep ascent", "climbs as far as numbers go", "return -1e3 * g", LEAVES),
    Cheat(
        "sign flips",
        "forth and back, so that nothing is left of it",
        "return lr * g * where(every(t, 2, 0), 1, -1)",
        BLIND,
    ),
    Cheat(
        "there and back",
        "a step and its undoing, from a slot",
        "u = where(every(t, 2, 0), m, lr * g)\nm = 0 - u\nreturn u",
        UPHILL,
    ),
    Cheat(
        "the mean alone",
        "moves all weights alike, by the mean of the gradient",
        "return lr * global_mean(g)",
        SCORED,
    ),
    # Numbers that are none.
    Cheat(
        "not a number", "the root of a negative number", "return sqrt(0 - 1 - square(g))", BREAKS
    ),
    Cheat("infinite", "a division by nothing", "return g / 0", BREAKS),
    Cheat(
        "difference of infinities",
        "overflow less overflow",
        "x = exp(1e5 + g)\nreturn x - x",
        BREAKS,
    ),
    Cheat(
        "zero over zero", "breaks where a gradient is exactly 0", "return lr * g / abs(g)", BREAKS
    ),
    Cheat(
        "one bad entry",
        "an infinity where the gradient is largest",
        "return lr * g / (max_abs(g) - abs(g))",
        BREAKS,
    ),
    Cheat("late", "an infinity on the third step", "return lr * g / (t - 3)", BREAKS),
    Cheat(
        "bad slot",
        "an infinity that a slot carries from the first step",
        "m = m + exp(1e4 * t)\nreturn lr * g / m * m",
        BREAKS,
    ),
    Cheat(
        "after a gradient of 0",
        "spoils a slot when a gradient is 0",
        "m = maximum(m, 1 / abs(g))\nreturn lr * (g + m - m)",
        BREAKS,
    ),
    Cheat(
        "explosion",
        "exponentials of the gradient",
        "return exp(exp(exp(g * 100)))",
        (*BREAKS, *ONE_WAY),
    ),
    Cheat(
        "finite in double precision",
        "overflows in float32 alone, where nobody looked before",
        "return lr * (g * 1e30) * (g * 1e30) * 1e-60 + lr * g",
        BREAKS,
    ),
    # Good for exactly as long as somebody looks.
    Cheat(
        "reads the horizon",
        "descends until T, and one step later leaves",
        "return when(t > T, 1e3 * w, lr * g)",
        BRIEF,
    ),
    Cheat(
        "undoes itself",
        "descends until T, and one step later goes back to the start",
        "return when(t > T, w - z, lr * g)",
        BRIEF,
    ),
    Cheat(
        "knows the horizon",
        "the same with the number written down",
        "return when(t > 60, w - z, lr * g)",
        BRIEF,
    ),
    Cheat(
        "breaks after the horizon",
        "the same, and is no number then",
        "return lr * g / (t < 60.5)",
        BRIEF,
    ),
    Cheat(
        "between two looks",
        "trains, but stands far away on steps on which nobody looks",
        """
        z = z - where(every(t, 5, 4), 0, lr * g)
        return w - z - where(every(t, 5, 3), 1e9, 0)
        """,
        LEAVES,
    ),
    # Costly numbers.
    Cheat(
        "denormal slots",
        "state so small that many machines compute slowly with it",
        """
        m = interp(1e-42 * g, m, 0.9)
        n = n * 0.99 + 1e-41
        return (m + n) * g
        """,
        IGNORES,
    ),
    Cheat(
        "denormal weights",
        "weights so small that many machines compute slowly with them",
        "return w - 1e-40 * g",
        IGNORES,
    ),
)
"""In no order that matters."""
