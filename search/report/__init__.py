"""Reports read off a ledger, without running anything.

hall_of_fame  the finalists against the tuned baseline, and the claim on the winner
hall_entry    one of them: its program, simplified, and its scores
doubts        what makes a score of 1 stand for too little, and forbids a claim
funnel        the stages of the judging: who came in, who was let through, at what cost
transfer      the winner on suites of tasks that the search never saw
candidates    candidates as plain values, in order or ranked
candidate     one program: its score by task and seed, what it came from
lineage       how a program came about, step by step
status        all of it as plain data
words         the words of a status and what they mean
winner        the files of the winner
provenance    all that a ledger holds about one program
card          the card of a discovered rule
card_evidence its figures, and where the rule loses
markdown      paragraphs, tables, lists and code: of cards, and of the pages of `docs/`
discovery     the folder of a discovery: program, files for hosts, equations, card
"""
