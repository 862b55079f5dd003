"""Passes over large tensors in a process of their own, beside the window's.

A pass is some thousand calls of numpy, and each waits for the interpreter when it comes back. While the window's thread
is at work, which it is from the start until a checkpoint stands in the tree, that takes longer than the pass itself.
The process is given places in files and reducers, and answers with what these have found.

It may be missing or die at any time: then passes are made where they are asked for, as the command line does.
"""
