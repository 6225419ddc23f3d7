"""The process that owns the device: loads once, warms up, claims, works, reports.

`bell` is what Celery calls, `loop` claims and keeps leases, `sweeper` takes jobs back from the
lost, and one file per kind of job does it. Importing this package imports neither torch nor numpy:
the tools are loaded in the child process, after the fork.
"""
