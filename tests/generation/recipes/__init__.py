"""Recipes of every schema as they were once stored, and what the first of them sounded like."""
