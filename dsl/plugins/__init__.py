"""Plug-ins: a user's own declarations, in a file or a module that the user names.

    plugin    a plug-in as plain data; those that this process has loaded
    source    its text and checksum, by the path of a file or the name of a module
    loader    executes one; what is wrong with it in words, at the line of its author
    named     those of installed packages, of the variable STEPSMITH_PLUGINS, and by name
    blame     the line and the declaration of a plug-in that an error comes from

A plug-in is code, so nothing but its user names it: no config, rule or run does. What it declares,
by the decorators that ours use, is known from then on as ours is.
"""

from dsl.plugins.blame import blamed, compiled_advice, first_sentence, misused
from dsl.plugins.loader import load, load_again, owner, quietly
from dsl.plugins.named import load_named
from dsl.plugins.plugin import HINT, Plugin, in_json, in_words, loaded

__all__ = [
    "HINT",
    "Plugin",
    "blamed",
    "compiled_advice",
    "first_sentence",
    "in_json",
    "in_words",
    "load",
    "load_again",
    "load_named",
    "loaded",
    "misused",
    "owner",
    "quietly",
]
