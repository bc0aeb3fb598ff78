"""The exam of the search: what it finds, against controls, at equal work.

    python -m benchmarks.search_quality [--folder runs/search_quality] [--only PREFIX,...] [--plan]
                                        [--scale 1.0] [--workers 2] [--json] [--page]

Hours of work on two cores, in pieces that are campaigns of their own: each resumes where it was
interrupted. What a finished one measured is a file in `results/` here, so that the next one may be
run on another machine. `--plan` lists the pieces and which are done, `--only` works on those whose
names begin so. The report and the page docs/search.md (`--page`, which runs nothing) are made of
whatever is there.

pieces   the campaigns: arms, seeds, masks, budgets
facts    the figures of one finished campaign, read from its ledger
zoo      the best rule of the zoo, tuned alike
planted  searches for a hidden rule by its steps, which train nothing
results  the figures of finished pieces, kept as files
bars     what a search has to reach
report   arms against one another, with intervals, and against the bars
page     docs/search.md
"""
