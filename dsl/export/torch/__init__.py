"""A program as a PyTorch file.

templates       the expressions of declarations as syntax trees
declared        the functions and methods that a file holds
texts           those that no declaration gives
sharded         what is done with parameters of which every process holds a part
whole_model     the loss of the whole batch where processes hold parts of the model
of_model        which values exist once for the model
once            the state of these, in the first group, or of every group
python_numbers  which are Python numbers when they are read
values          how each is written
front           the lines of `step` before the loop: numbers of the model, lists that they need
loop            the loop over parameters, which moves them and renews their state
lines           those lines, in place where the data flow allows it
known           which names are tensors and which are numbers, and the signs of those
sums            expressions as sums of tensors, their numbers apart
calls           calls of tensors, in place or not, as they are written by hand
inplace         sums as operations in place
storage         values written over tensors that nothing reads any more
foreach         lines for many parameters at once, by PyTorch's functions of lists
point           the methods that put the weights to evaluate into the parameters and back
step            the method `step` around those lines, and the methods that keep its state
parameters      hyperparameters in the docstring of the class and the groups
constructor     the constructor, and what takes a state that was kept
source          the whole file
"""

from dsl.export.host import HOSTS, Host
from dsl.export.torch.source import to_torch_source

HOSTS.declare("torch", Host("PyTorch", "_torch.py", to_torch_source))

__all__ = ["to_torch_source"]
