"""The names of characters: a language of its own, the same in every version of Python."""

import unicodedata


def load() -> tuple[str, str]:
    """About 260,000 characters for training and 29,000 for validation, a name a line.

    Names that are made from a rule (ideographs, Hangul syllables) are left out; every tenth of the
    others is for validation.

    **Source:** `unicodedata.ucd_3_2_0` of the standard library: Unicode 3.2, which Python keeps as
    it is for internationalised domain names.
    """
    found = (unicodedata.ucd_3_2_0.name(chr(code), "") for code in range(0x11000))
    made = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HANGUL SYLLABLE")
    names = [name for name in found if name and not name.startswith(made)]
    train = "\n".join(name for i, name in enumerate(names) if i % 10)
    return train, "\n".join(names[::10])
