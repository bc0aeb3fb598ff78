"""The search for programs: who is tried next, who judges it, and what is kept.

run           a campaign in a folder, from its config to the files of its winner
config/       the keys of a campaign, and reading them from a file
campaign/     the resumable loop and its stages
reduction/    finalists without what does not matter
candidates/   the next candidate, its keys, rates and screen
strategies/   ways to choose programs by their scores
mutation/     random changes of a program
pool/         the workers that tune and judge
ledger/       what is stored, and the only room that speaks SQL
report/       what is read off a ledger
objectives    what makes one rule better than another; fronts
rules         rules by what people call them: the zoo, files, discovered rules, programs of a run
errors        what a user of the search can meet
"""
