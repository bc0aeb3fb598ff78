"""All that can be checked of a primitive or an initialiser, one finding after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dsl.checks.fault import Fault, said
from dsl.checks.hosts import askable, check_files, check_formula, torch_is_there
from dsl.checks.laws import check_law, check_shrinks, check_swaps
from dsl.checks.meaning import check_meaning, check_spelling, check_start
from dsl.checks.signs import check_sign
from dsl.checks.single import one_primitive
from dsl.errors import DslError
from dsl.language.initialisers import Initialiser
from dsl.language.registry import Primitive, Scope
from dsl.language.sign import Sign


@dataclass(frozen=True)
class Checked:
    """A statement of a declaration that was checked; `fault` says what is wrong, empty if nothing
    is, and `skipped` why it was not checked."""

    what: str
    fault: str = ""
    skipped: str = ""


def check_primitive(primitive: Primitive) -> Iterator[Checked]:
    """Hold a primitive to its docstring, signature, laws, sign and texts for the hosts."""
    yield _tried("it has a docstring", lambda: _documented(primitive.doc))
    yield _tried("its formula shows all parameters", lambda: _shown(primitive))
    if primitive.scope is Scope.STEP:
        yield Checked("NumPy and JAX agree", skipped="it draws noise or is an oracle")
    else:
        agree = f"NumPy and JAX agree on {primitive.signature}"
        met = _tried(agree, lambda: check_meaning(primitive))
        yield met
        if met.fault:
            yield Checked("all else that it states", skipped="since it does not do that")
            return
    if primitive.spelled:
        yield _tried("it means what it is spelled as", lambda: check_spelling(primitive))
    if primitive.commutative:
        yield _tried("its first two arguments may swap", lambda: check_swaps(primitive))
    if primitive.sign is not Sign.OPEN:
        yield _tried(f"sign=Sign.{primitive.sign.name}", lambda: check_sign(primitive))
    for law in primitive.laws:
        yield _tried(law.text, lambda law=law: (check_law(law), check_shrinks(law)))
    for law in primitive.equations:
        yield _tried(law.text, lambda law=law: check_law(law))
    yield from _in_files(primitive)


def check_initialiser(rule: Initialiser) -> Iterator[Checked]:
    """Hold an initialiser to its docstring and the shapes of its kind."""
    yield _tried("it has a docstring", lambda: _documented(rule.doc))
    yield _tried(f"it starts a {rule.kind} slot", lambda: check_start(rule))


def _in_files(primitive: Primitive) -> Iterator[Checked]:
    what = "files for Optax and PyTorch take its steps"
    if not askable(primitive):
        yield Checked(what, skipped="it draws noise, or asks for more than the loss")
        return
    try:
        program = one_primitive(primitive)
        assert program is not None
    except (DslError, AssertionError) as error:
        yield Checked(what, skipped=f"no rule makes a step of it alone: {error}")
        return
    yield _tried("a rule with it has equations", lambda: check_formula(primitive, program))
    if torch_is_there():
        yield _tried(what, lambda: check_files(primitive, program))
    else:
        yield _tried("a file for Optax takes its steps", lambda: check_files(primitive, program))
        yield Checked("a file for PyTorch takes its steps", skipped="PyTorch is not installed")


def _tried(what: str, check: Callable[[], object]) -> Checked:
    try:
        check()
    except Fault as fault:
        return Checked(what, str(fault))
    except Exception as error:  # whatever the function of a plug-in may raise
        return Checked(what, f"it raises {said(error)}")
    return Checked(what)


def _documented(doc: str) -> None:
    if not doc.strip():
        raise Fault("it has no docstring, which `stepsmith primitives` prints")


def _shown(primitive: Primitive) -> None:
    for host, text in (("latex", primitive.latex), ("torch", primitive.torch)):
        missing = [name for name in primitive.params if f"{{{name}" not in text]
        if missing and "\n" not in text and missing != ["stream"]:  # a function takes them by name
            raise Fault(f"its {host} text {text!r} leaves out {', '.join(missing)}")
