"""Targets and measurements in, a Recipe out: one director by rules, one by nets."""
