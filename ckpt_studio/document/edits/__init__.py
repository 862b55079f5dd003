"""The edits of a document: small commands without Qt, so that the window and the command line replay the same ones.

Who only looks at a checkpoint imports none of them.
"""
