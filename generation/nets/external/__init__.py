"""External nets: an operator's large model behind one protocol; weights by path, never fetched.

In the order of reading: `values` (what is asked and answered), `admission` (who may be opened, and
what is missing), `opening`, and an adapter per model. Invariant: sound from here is never called
attributed: the stems it was given only condition it.
"""
