"""Recipe and stems in, sound and exact shares out; no rows, no clock, no network, no nets."""
