"""From untrusted bytes to checked audio.

A file is sniffed by its bytes (`sniff`), its headers are read (`headers`), and it is decoded by a
child process with little power (`decode`, `child`) into canonical PCM: 48 kHz, stereo, int24.
`planar` keeps the memory-mapped form. This room refuses to know recordings, parties and rows.
Invariant: what comes out was decoded to its end, or a sentence says why not and nothing is left
behind.
"""
