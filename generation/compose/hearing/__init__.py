"""The mix net heard: what it sets, through the engine's own console, read from the sound again.

In the order of reading: `songs` (sound to mix), `mixes` (a mix and what it is like), `asking` (what
a net is asked and what came of it), `measuring` (the figures that a release is held to). It stands
above engine and nets because neither knows the other. Invariant: whoever measures a checkpoint, the
release or a benchmark, asks here, of the same sound, and gets the same figures.
"""
