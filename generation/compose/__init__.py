"""Targets and measurements in, a Recipe out: the director, by rules."""
