"""Two short pieces of our own, composed and synthesised here: the demo's music, free to use."""
