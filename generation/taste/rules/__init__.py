"""The pure half of taste: what is believed of a listener, and how that moves and chooses.

Arrays and plain values. It refuses to know rows, clocks and who somebody is; chance comes in as an
argument. No emotion is inferred here or anywhere: beliefs move by what a listener says or does.
"""
