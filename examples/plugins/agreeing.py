"""A primitive of your own: the entries of a step that agree with another one in sign.

    stepsmith primitives check examples/plugins/agreeing.py
    stepsmith discover examples/plugins/campaign.yaml --plugin examples/plugins/agreeing.py \
        --plugin examples/plugins/beam.py

Cautious optimizers (Liang et al. 2024) move only where their step and the gradient agree. As one
word of the language a search comes upon it in one change instead of four, and its laws let the
simplifier see through it.
"""

from dsl.language.registry import finite, primitive


@primitive(
    "K, K -> K",
    torch="torch.where(torch.sign({u}) * torch.sign({g}) > 0, {u}, 0.0)",
    latex=r"{u:product}\,\mathbb{{1}}\left[{u:product}\,{g:product} > 0\right]",
    laws=(
        finite("agreeing(x, x) => x", "a value agrees with itself"),
        finite("agreeing(agreeing(x, y), y) => agreeing(x, y)", "agreement asked twice"),
        finite("agreeing(x, sign(y)) => agreeing(x, y)", "a sign alone decides"),
        finite("agreeing(-x, -y) => -agreeing(x, y)", "both turned round"),
    ),
    equations=(finite("agreeing(x, k * y) => agreeing(x, y)", "no scale decides", ("k > 0",)),),
    weight=0.5,
)
def agreeing(xp, u, g):
    """`u` where it has the sign of `g`, else 0."""
    return xp.where(xp.sign(u) * xp.sign(g) > 0, u, 0.0)
