"""Offline data for the tasks: small, generated or from libraries, the same on every machine.

examples   data sets, inputs with targets, their split, the order of batches
integrity  checksums of examples, and their write lock
digits     scikit-learn's handwritten digits, as they are and spoilt
tables     scikit-learn's small tables
photos     scikit-learn's two photographs, in pieces
blur       blurred pictures
text       text of the standard library, in windows of characters and in pairs of words
generated  spirals, a teacher network, a parity
signals    deformed noisy lines
"""
