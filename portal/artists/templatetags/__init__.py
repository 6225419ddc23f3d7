"""Template filters of the artist pages."""
