"""Which kind of job is done by which function: the table the loop works from."""

from generation.worker.loop import Handler

HANDLERS: dict[str, Handler] = {}


def warm() -> None:
    """Load what the handlers need. The first job then finds compiled kernels and open files."""
    import torch

    torch.set_num_threads(1)
