"""The pure half of corrections: how what was divided is taken back, by the same weights."""
