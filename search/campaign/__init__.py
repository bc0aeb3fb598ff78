"""A campaign from its first job to its last.

loop          tune the baseline, search, measure the finalists; resumable anywhere
baseline      the rule that scores 1, tuned, and the suites that judge by it
finals        the best programs on fresh seeds
validation    the best of these on suites of other tasks
events        what whoever watches is told
"""
