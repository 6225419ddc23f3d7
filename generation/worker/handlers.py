"""Which kind of job is done by which function; importing this loads the tools of the device.

Only the worker's child process does. Invariant: every kind that can be put in the queue has a
function here and an ending in `endings`.
"""

import torch

from generation.analysis.likeness import warm_up as warm_up_likeness
from generation.engine.warm import warm_up
from generation.sessions import rules as sessions
from generation.uploads import operations as uploads
from generation.variations import audits, encodings, rules
from generation.worker.auditing import audit
from generation.worker.composing import compose_variation
from generation.worker.encoding import encode
from generation.worker.ingesting import ingest
from generation.worker.live import render_segment, seal_session
from generation.worker.loop import Handler
from generation.worker.measuring import measure_recording, measure_stem
from generation.worker.nets import warm_up as warm_up_nets
from generation.worker.planning import plan_by_nets, plan_session
from generation.worker.rendering import chosen_backend, render_piece
from generation.worker.sealing import seal

HANDLERS: dict[str, Handler] = {
    rules.COMPOSE: compose_variation,
    rules.PIECE: render_piece,
    rules.SEAL: seal,
    audits.AUDIT: audit,
    sessions.PLAN: plan_session,
    sessions.NETS: plan_by_nets,
    sessions.SEGMENT: render_segment,
    sessions.SEAL: seal_session,
    **dict.fromkeys(encodings.KINDS, encode),
    uploads.INGEST: ingest,
    uploads.MEASURE_STEM: measure_stem,
    uploads.MEASURE_RECORDING: measure_recording,
}


def warm() -> None:
    """Compile the kernels and load the nets before the first job.

    On one thread: pieces run side by side instead.
    """
    torch.set_num_threads(1)
    warm_up()
    chosen_backend()
    warm_up_likeness()
    warm_up_nets()
