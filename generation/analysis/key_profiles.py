"""What each note says of a key, as benchmarks/key_fit.py learned it from lines and tunes of our own
playing.

It refuses to know sounds. Invariant: the twelve numbers of a row are the degrees in semitones above
the tonic; scores that they give are logarithms of chances, up to a constant.
"""

# Of a mode: of all notes that sound, of the lowest, of those that begin, of those that end.
# fmt: off
PROFILES = {
    "maj": (
        (2.16, -1.31, 0.31, -2.58, 3.12, 0.41, -2.74, 2.79, -0.99, 1.33, -2.18, -0.32),
        (6.35, 0.14, 1.36, -0.70, 0.41, -0.56, -0.38, 2.81, -0.21, 0.63, -0.03, 0.31),
        (2.04, -0.29, 0.55, -0.13, 1.67, 1.15, -0.60, 2.34, 0.08, -0.03, -0.39, -0.10),
        (2.03, -0.29, -0.49, -0.37, 1.39, -0.12, 0.07, 0.25, -0.82, 0.01, -0.77, 1.20),
    ),
    "min": (
        (2.24, -4.78, 1.04, 3.46, -2.33, 0.46, -0.90, 3.23, 0.31, -1.16, 0.40, -1.99),
        (7.22, -0.90, 0.47, -0.62, -0.99, -1.06, 0.57, 2.85, 0.54, 0.49, 0.06, 0.14),
        (1.73, -1.62, 0.27, 2.79, -1.20, 0.39, 0.93, 2.50, -0.25, -0.31, -0.07, -0.24),
        (1.72, -0.71, 0.45, -0.47, 1.27, -0.81, 0.33, 1.11, -0.90, -0.83, -0.78, 0.35),
    ),
}
# fmt: on
