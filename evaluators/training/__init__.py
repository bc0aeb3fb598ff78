"""Training a program on a task.

trainer          requests in, runs out: picks an engine for each, cuts them into batches
trainers         one trainer per task of a suite, shared in a process
batches          requests, and their runs cut to the lanes of a device call
checkpoints      the steps at which losses are taken and parameters checked
choice           which engine runs a program, by an estimate of cost
machine_engine   runs programs on the machine, compiled once per task
compiled_engine  compiles the step of one program
compiling        what takes long to compile, and about how long
loop             the training loop under both engines
answers          the functions of a task that a program's oracles ask
outcomes         the outcome of a run
environment      the variables that JAX is started with
"""
