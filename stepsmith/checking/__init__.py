"""A user's own task, checked: `stepsmith tasks check`.

check   a file, its tasks, and the report of one
output  a report as text
"""
