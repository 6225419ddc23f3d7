"""Takes power away from the process it runs in, for good, before an untrusted byte is read.

Standard library only. It refuses to know audio. Invariant: after `confine` the process has no
network where the system allows that to be taken away, cannot write a file beyond its limit, and
ends on its own when it has used its CPU time or its memory.
"""

import contextlib
import ctypes
import os
import resource

_NEW_USER, _NEW_NETWORK = 0x1000_0000, 0x4000_0000


def confine(*, memory_bytes: int, file_bytes: int, cpu_seconds: int, cpu_seconds_max: int) -> bool:
    """Sets the limits of this process; True when its network is gone too."""
    isolated = _leave_network()
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The hard limit lies a second higher: the kernel then says SIGXCPU, not an unexplained SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds_max + 1))
    return isolated


def refuse_processes() -> None:
    """No new process or thread from here on; the kernel exempts root from this limit."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def allow_cpu(seconds: int) -> None:
    """Moves the soft CPU limit to `seconds`, never beyond the hard one."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (min(seconds, hard - 1), hard))


def _leave_network() -> bool:
    """`unshare(2)`, first plainly (root), then inside a new user namespace; False when both are
    shut.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    return any(libc.unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))
