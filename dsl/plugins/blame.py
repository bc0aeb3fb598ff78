"""The blame for an error: the line of a plug-in whose code raised it, and the declaration that it
is part of."""

import inspect
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from dsl.declare import Registry, is_ours
from dsl.errors import PRIMITIVE, Declared, DslError, PluginFails
from dsl.plugins.plugin import Plugin, loaded

_COMMAND = "command"
"""The sort of declaration whose code is its author's program, which calls ours as they like."""

_LONGEST = 300
"""Letters of an error's message that are shown; those of JAX go on for pages."""


def blamed(error: BaseException) -> PluginFails | None:
    """The error as one of the loaded plug-in that raises it, or what that calls; None for any
    other.

    All below the meaning of a primitive is that primitive's fault. Where another declaration that
    we call, but no command, calls ours and that fails, it has called it wrongly: the sentence names
    both places. Of the rest, what a plug-in calls of ours and what fails there is ours; so is an
    error of ours, unless such a declaration writes a program that is none.
    """
    wrong_program = isinstance(error, DslError)
    if is_ours(type(error).__module__) and not wrong_program:
        return None
    culprit, place, part, inside = None, "", None, ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = frame.f_globals.get("__name__") or ""
        if (plugin := _plugin_of(module)) is not None:
            culprit, place, inside = plugin, f"{frame.f_code.co_filename}:{line}", ""
            part = _declared(frame, module) or part
        elif is_ours(module):
            if part is None or part.sort == _COMMAND:
                culprit = part = None
            elif part.sort != PRIMITIVE:
                inside = f" (raised at {module}:{line}, which it calls)"
    if culprit is None or (wrong_program and part is None):
        return None
    if isinstance(error, DslError):
        words, help = f"{type(error).__name__}: {error.message}", error.help
    else:
        words = f"{type(error).__name__}: {first_sentence(error)}{inside}"
        help = _help(error, culprit, part)
    met = f"{part} fails with {words}" if part else words
    return PluginFails(f"{place}: {met}", part, help=help)


def misused(part: Declared, function: Callable[..., Any], met: str, help: str) -> PluginFails:
    """The error for a declaration whose function gives what its caller cannot take."""
    code = inspect.unwrap(function).__code__
    return PluginFails(f"{code.co_filename}:{code.co_firstlineno}: {part} {met}", part, help=help)


def _help(error: BaseException, plugin: Plugin, part: Declared | None) -> str | None:
    """The cure; of a primitive the command that tries it on its own."""
    if part and part.sort == PRIMITIVE:
        advice = compiled_advice(error, "xp")
        check = f"`stepsmith primitives check {plugin.name}` tries all that it may be applied to"
        return f"{advice}; {check}" if advice else check
    return compiled_advice(error)


def _plugin_of(module: str) -> Plugin | None:
    """The loaded plug-in that a module is, or is part of."""
    for each in loaded():
        if module == each.module or module.startswith(f"{each.module}."):
            return each
    return None


def _declared(frame: FrameType, module: str) -> Declared | None:
    """The declaration of its module whose function a frame runs."""
    for registry in Registry.every:
        for name, place in registry.places.items():
            if place == module and frame.f_code in _codes(registry[name]):
                return Declared(registry.noun, name)
    return None


def _codes(declaration: Any) -> Iterator[CodeType]:
    """The code of the functions that a declaration holds."""
    for value in (declaration, *getattr(declaration, "__dict__", {}).values()):
        if isinstance(value, property):
            value = value.fget
        if callable(value) and hasattr(inspect.unwrap(value), "__code__"):
            yield inspect.unwrap(value).__code__
        elif value is not declaration and is_ours(type(value).__module__):
            held = getattr(value, "__dict__", {}).values()
            yield from map(_code, filter(inspect.isfunction, held))


def _code(function: Callable[..., Any]) -> CodeType:
    return function.__code__


def first_sentence(error: BaseException) -> str:
    """The beginning of the message of an error."""
    text = " ".join(str(error).split()).partition(" The error occurred while tracing")[0]
    end = text.find(". ")
    text = text if end < 0 else text[: end + 1]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def compiled_advice(error: BaseException, arrays: str = "jnp") -> str | None:
    """The cure of the usual mistakes of code that JAX compiles, to which `jax.numpy` is known by
    the name `arrays`."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {
        "TracerBoolConversionError",
        "ConcretizationTypeError",
        "TracerIntegerConversionError",
    }:
        return (
            f"it is compiled: use {arrays}.where or jax.lax.cond, and no float() or int() of values"
        )
    if "TracerArrayConversionError" in kinds:
        named = "jax.numpy (jnp)" if arrays == "jnp" else arrays
        return f"it is compiled: call {named} where it calls numpy"
    return None
