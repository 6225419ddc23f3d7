"""The stages of composing by nets, in the order in which plans go through them.

`plans` (what goes from stage to stage), `asking` (many drafts, one call), `chords` (with `melody`),
`lines` (with `phrases` and `ranking`), `beats`, `mixing`, `sounding`. `by_nets` next door runs
them. Invariant: a stage takes drafts side by side and decides each of them as if it were alone.
"""
