"""The engine in plain torch: the same definitions as the compiled loops, written to be read.

It runs on a CPU and on a CUDA device. It knows recipes and stems, no rows, files or clock.
Invariant: every stage is a function of absolute places, whole tensors at a time, so that what it
gives does not depend on the cut; it agrees with the compiled loops within rounding.
"""
