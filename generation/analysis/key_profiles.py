"""What each note says of a key, as benchmarks/key_fit.py learned it from lines and tunes of our own
playing.

It refuses to know sounds. Invariant: the twelve numbers of a row are the degrees in semitones above
the tonic; scores that they give are logarithms of chances, up to a constant.
"""

# Of a mode: of all notes that sound, of the lowest, of those that begin, of those that end.
# fmt: off
PROFILES = {
    "maj": (
        (2.40, -1.37, 0.25, -2.66, 3.25, 0.50, -2.80, 2.78, -1.09, 1.45, -2.39, -0.31),
        (6.34, 0.16, 1.28, -0.67, 0.22, -0.32, -0.46, 3.15, -0.22, 0.55, -0.08, 0.32),
        (2.19, -0.31, 0.49, -0.16, 1.82, 1.06, -0.62, 2.41, 0.15, -0.02, -0.41, -0.30),
        (1.98, -0.42, -0.37, -0.40, 1.31, -0.31, 0.74, 0.23, -0.83, -0.13, -0.79, 0.97),
    ),
    "min": (
        (2.27, -4.83, 1.06, 3.43, -2.41, 0.54, -0.96, 3.22, 0.50, -1.23, 0.28, -1.88),
        (7.31, -0.89, 0.40, -0.91, -0.88, -0.96, 0.62, 3.08, 0.52, 0.65, 0.13, 0.12),
        (1.93, -1.61, 0.22, 2.94, -1.25, 0.41, 0.98, 2.53, -0.23, -0.14, -0.24, -0.30),
        (1.81, -0.68, 0.62, -0.17, 1.13, -0.92, 0.44, 1.18, -0.97, -1.02, -0.86, 0.35),
    ),
}
# fmt: on
