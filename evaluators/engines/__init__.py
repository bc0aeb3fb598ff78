"""What runs a program on a task: one training loop, two ways to take its steps.

choice -> machine (programs as data, compiled once)  -> loop
       -> compiled (the step traced for one program) -> loop
"""
