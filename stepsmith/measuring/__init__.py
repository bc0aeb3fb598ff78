"""`stepsmith simplify --level measured` below the command line.

work      the terms that were asked for, the workers, and the reduction itself
progress  the state while it runs
table     size against score, as a table and as data
"""
