"""Neural nets: small, trained here from openly licensed data, shipped with a card.

A net is trained by its own code, kept as a checkpoint (weights and card), and found by name in
`registry`. This room refuses to know rows, listeners, clocks and stems. Invariant: weights without
a card that is whole, true to their digest and above the thresholds of their net do not load.
"""
