"""A campaign from its first job to its last.

campaign      tune the baseline, search, measure and reduce the finalists
loop          the search: candidates proposed, judged and told; resumable anywhere
ended         what ends it
watch         the best so far, now and then, on tasks that it never sees
snapshot      the state of a search between two candidates, as text
cycles        garbage that Python looks for less often meanwhile
kept          answers of jobs, for a process that is interrupted before their work is done
session       the workers of this process, and its entry in the ledger
sources       the rules that a campaign is made from
plugins       the plug-ins that decide what it finds
starts        the programs that it starts from, tuned
baseline      the rule that scores 1, tuned, and the suites that judge by it
finals        the best programs on fresh seeds
reduction     the best of these without what does not matter
validation    what is left on suites of other tasks
other_tasks   the terms on which rules meet these
choice        the winner: the smallest that tests cannot tell from the best
events        the events that an observer is told
"""
