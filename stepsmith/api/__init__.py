"""Stepsmith from Python, behind `import stepsmith`: what the commands do, as functions.

discover    a campaign run or resumed
run         a run as it lies on disk, read and never written
candidates  candidates of a run as a sequence, a table, a pandas frame
compare     rules against tuned baselines
verify      a rule beside another optimizer
study       a campaign on problems that are trained outside: ask and tell
plugins     declarations of the user's own
rules       rules by what people call them; the known rules nearest to one
html        tables for notebooks
"""
