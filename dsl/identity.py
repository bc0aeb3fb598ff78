"""The hashes that name a program, and what each of them promises.

A hash is BLAKE2b over text that the language defines: which language it is (`LANGUAGE`), which hash
it is, and then a text that says nothing of how this code is written. Class names, field order, the
order of declarations, dictionaries and the version of Python have no part in it.

* `digest`: the same statements in the same order, dead ones included. The program's own name, its
  docstring and the names of local values may differ. Hashed is the listing of the program.
* `canonical_hash`: the same computation in the same way, with the same hyperparameters and
  defaults. Hashed is the listing of the canonical form.
* `family`: the same skeleton, so that one program becomes the other when numbers and the scale of
  the step are changed. Hashed are labels and edges of the skeleton, refined until nothing splits.
* `fingerprint`: the same steps, to six digits, on fixed streams of gradients. Hashed are the steps
  in decimal digits. Sixteen steps on four small tensors are all that it sees.

Programs with equal hashes agree in what is listed here (a digest has 64 bits).

`LANGUAGE` grows when a program could mean something else than before, or when what is hashed is
written in another way: a changed meaning of a primitive, another canonical form, another probe. A
new primitive, initialiser or kind changes no hash of an old program and needs no new version.
Hashes of two versions never match, so a ledger stores the version that wrote it and is refused by
any other.
"""

import hashlib

LANGUAGE = 1
"""The version of the language."""


def hashed(what: str, text: str) -> str:
    """Hex digest (16 digits) of `text` as the hash called `what`."""
    whole = f"stepsmith language {LANGUAGE}\n{what}\n{text}"
    return hashlib.blake2b(whole.encode(), digest_size=8).hexdigest()
