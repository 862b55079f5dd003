"""Values of staged variables: they stay where they are, and are changed on their way to whoever reads them.

base.py       what everything here offers; the values of a checkpoint as they are
stretches.py  windows, slabs and stretches of elements: how values are read piece by piece
made.py       values that come from no file: constants, the identity, initializers
random_numbers.py  the numbers of the random initializers, the same on every machine
changed.py    values changed one by one: converted, cast, scaled, without NaN, with other cells
arranged.py   values in another arrangement: reshaped, transposed, cropped or padded
averaged.py   means of several values
scalars.py    one element of any type, from what JSON says
"""
