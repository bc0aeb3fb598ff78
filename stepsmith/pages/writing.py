"""The parts of the language's page about how a rule is written, each with an example that is read
when the page is made."""

from dsl.program.helpers import MAX_STATEMENTS
from dsl.program.parse import parse
from search.report.markdown import code

HELPERS = """def orthogonal(x, a=3.4445, b=-4.775, c=2.0315):
    outer = gram(x)
    return a * x + mode_product(shortest(b * outer + c * matmul(outer, outer)), x)


def scaled(x):
    size = norm(x) + 1e-8
    return x / size, size


def rule(w, g, m=zeros, *, lr=0.02, b1=0.95):
    m = b1 * m + g
    u, size = scaled(m)
    return lr * orthogonal(orthogonal(u), a=1.5, b=-0.5, c=0)
"""
HIDING = """def length(x):
    return norm(x)


def rule(w, g, sign=zeros, *, lr=0.1, clip=1):
    norm = length(g)
    sign = interp(g, sign, 0.9)
    return lr * ops.sign(sign) * minimum(clip, norm)
"""
STATED = '''def rule(w, g, t, m=zeros, *, lr=1e-3, b1=0.9, k=5):
    """Momentum that begins anew now and then.

    Hyperparameters:
        lr: learning rate
        b1 (0 to 1): decay of the momentum
        k (1 or more, whole): steps from one beginning to the next
    """
    m = when(every(t, k, 0), g, interp(g, m, b1))
    return lr * m
'''
POINT = """def rule(w, g, t, z=copy_w, x=copy_w, *, lr=1, b1=0.9):
    z = z - lr * g
    x = interp(x, z, 1 / t)
    return w - interp(z, x, b1), x
"""
STARTS = """def rule(w, g, v=const(v0), last=history(length), *, lr=1e-3, v0=1e-8, length=5):
    v = interp(g * g, v, 0.99)
    last = push(last, g)
    return lr * weighted_mean(last, place(last) + 1) / sqrt(v)
"""
_STARTS = """\
The numbers that a slot starts from are numbers, or names of hyperparameters behind the `*`:

{starts}
In a function decorated by `dsl.program` such a name is a text, `const("v0")`. A length is a whole
number from 1 on. Starts and lengths are what they are when an optimizer is made, so a schedule or a
traced value is refused for them, and `lr`, which every task tunes, is none. An exported file takes
starts as arguments, and has the lengths that the rule had; searches leave lengths alone.
"""
_POINT = """\
A rule may take gradients at one point and want to be judged, and used, at another: schedule-free
rules, averages of the parameters, Lookahead. It returns that point, a Tensor, behind its step:

{point}
is schedule-free SGD. Its parameters `w` are where gradients are taken; `x`, with the values at the
end of the step, is what goes with the parameters that the step leaves. A rule without a point is
evaluated at its parameters, as one is before its first step and one whose point is `w` less its
step, which is the same rule to every hash but the digest. Rules that differ in the point are
different rules: canonical form, family and fingerprint see it, the distance of behaviours, which is
one of steps, does not.

Runs are judged at the point wherever a loss is taken of them: at every checkpoint of a training, in
campaigns and comparisons alike, and in the free checks; it has to be finite and sane as the
parameters have to. The loss that a rule reads, and what oracles are asked, is at the parameters.
`stepsmith verify` compares the points too. A point takes the room of a slot, unless a slot that
starts as `copy_w` holds it; combinators that act on the step keep the point, to which `w` less the
step are the parameters that the whole of it leaves.

An exported Optax file has a function `eval_params(state, params)` beside the optimizer, which finds
the point in a state of it, or of what is wrapped around it; a PyTorch class has `eval()`, which
puts the point into the parameters, and `train()`, which undoes that bit for bit. Both do nothing
where they are done already, and go through a `state_dict` in either mode; `step` is refused while
the parameters are those to evaluate. Files of other rules have none of these.
"""
_STATED = """\
A section of the docstring says what hyperparameters mean and where they may lie, each in a line
`name: meaning` or `name (range): meaning`. A range is `0 to 1`, `0 or more` or `1 or less`, both
ends included; `whole` says that the hyperparameter counts something:

{stated}
The section is read strictly: a line that states nothing, a name that the rule does not have and a
default out of range are errors. It changes no hash and is printed wherever the rule is. Exports
tell meanings and ranges where they list arguments, and a PyTorch file refuses what is out of
range, as `stepsmith verify --hyper`, `to_optax` and combinators do. Searches keep defaults within.
Rates and weight decays are tuned on every task as those of all rules, and a program whose default
then lies outside of its range no longer states that range. For hyperparameters that every rule has
(`lr`, `b1`, `b2`, `b3`, `eps`, `wd`) exports know the usual meaning where nothing is stated.
"""
_HELPERS = f"""\
A text may hold several functions. The last is the rule; those above it are its *helpers*, written
out wherever they are called, so that what is said five times is said once:

{{helpers}}
is read as

{{written_out}}
A helper is a function of its parameters alone: it has no slots and no hyperparameters, and of the
inputs only those that it is given. Parameters may have a number as default, and calls bind
arguments as Python does, by position or by name; a number among them is a number inside, and is
folded there. It returns one value, or several (`return x, y`), which a call assigns to as many
names. It may call primitives and the helpers above it, never itself. The program has nothing left
of it: its hashes are those of a rule written out by hand, and `stepsmith show` prints it so. An
error inside names the line in the helper, and the calls that led there. A rule has at most
{MAX_STATEMENTS} statements when its helpers are written out.

In a function decorated by `dsl.program` helpers need no more: any Python function that it calls is
one, of its module or imported, and loops over constants are written out as well.
"""
_NAMES = """\
**Names** of the rule, its helpers, slots, hyperparameters and values are identifiers of Python, and
no inputs (a value may have the name of one). A name of a value may be assigned again; a
hyperparameter or an input may too, and means the new value from there on, within the step.

They may be names of primitives, so that a text means the same when a primitive of such a name comes
later. Inside of a function, as in Python, its own names hide primitives: `norm(x)` is an error
there, and `ops.norm(x)` is always the primitive. So texts are printed too, where a slot or a
hyperparameter has the name of a primitive that the rule calls:

{hiding}
is the rule

{shown}"""


def helpers() -> str:
    """Helper rules, by an example and what is read of it."""
    shown = code(str(parse(HELPERS)), "python")
    return _HELPERS.format(helpers=code(HELPERS, "python"), written_out=shown)


def names() -> str:
    """Names, and those that hide primitives."""
    return _NAMES.format(hiding=code(HIDING, "python"), shown=code(str(parse(HIDING)), "python"))


def hyperparameters() -> str:
    """The section of a docstring that states what hyperparameters mean."""
    assert parse(STATED).meanings
    return _STATED.format(stated=code(STATED, "python"))


def point() -> str:
    """The point of evaluation."""
    assert parse(POINT).point is not None
    return _POINT.format(point=code(POINT, "python"))


def starts() -> str:
    """Slots that start from hyperparameters."""
    assert parse(STARTS).lengths
    return _STARTS.format(starts=code(STARTS, "python"))
