"""Plug-ins in tests: what one declares is taken back when its test is over."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dsl.declare import Registry
from dsl.plugins import loaded, named, plugin
from dsl.plugins.source import PARENT

CHANGE = """from search.mutation import change


@change(weight=0.5)
def nothing_at_all(editor, rng, space):
    return None
"""
"""A kind of mutation that never applies."""

SOFT_SIGN = '''"""A sign that is smooth at 0."""

from dsl.language.registry import finite, primitive


@primitive(
    "K -> K",
    torch="{x} / (1 + torch.abs({x}))",
    latex=r"\\frac{{{x}}}{{1 + \\left|{x}\\right|}}",
    laws=(finite("sign(soft_sign(x)) => sign(x)", "soft_sign keeps the sign"),),
    weight=0.5,
)
def soft_sign(xp, x):
    """`x` over one more than its magnitude: between -1 and 1, and `x` itself near 0."""
    return x / (1 + xp.abs(x))
'''


@contextmanager
def forgotten() -> Iterator[None]:
    """Inside, no plug-in was named yet; whatever is loaded there is unknown again after it."""
    before, handled = {each.checksum for each in loaded()}, set(named._HANDLED)
    modules = set(sys.modules)
    named._HANDLED.clear()
    try:
        yield
    finally:
        for each in loaded():
            if each.checksum not in before:
                for registry in Registry.every:
                    for name in each.names(registry.noun):
                        del registry[name]
                del plugin._LOADED[each.checksum]
        for name in set(sys.modules) - modules:
            if name.startswith(f"{PARENT}.") or name.startswith("lab"):
                del sys.modules[name]
        named._HANDLED.clear()
        named._HANDLED.update(handled)
