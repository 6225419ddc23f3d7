"""The audio store in its two kinds: a local folder, and a bucket behind a real S3 server (moto).

`S3_TEST_ENDPOINT` names another server to run the same tests against.
"""

import os
import socket
import uuid
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of an S3 server: moto's own HTTP server in a thread, or the one named."""
    named = os.environ.get("S3_TEST_ENDPOINT")
    if named:
        yield named
        return
    from moto.server import ThreadedMotoServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def s3_bucket(s3_endpoint):
    """A store on a bucket of this run's own: each client reads descriptions of S3 for a second."""
    from licensing.catalog.store_s3 import S3AudioStore

    store = S3AudioStore(
        bucket_name=f"audio-{uuid.uuid4()}",
        endpoint_url=s3_endpoint,
        addressing_style="path",
        access_key=os.environ.get("S3_TEST_ACCESS_KEY", "test"),
        secret_key=os.environ.get("S3_TEST_SECRET_KEY", "test"),
        region_name="us-east-1",
        default_acl=None,
        file_overwrite=False,
    )
    store.connection.create_bucket(Bucket=store.bucket_name)
    return store


@pytest.fixture
def s3_store(s3_bucket):
    """The store, with nothing in it."""
    s3_bucket.bucket.objects.all().delete()
    return s3_bucket


@pytest.fixture
def local_store(tmp_path):
    from licensing.catalog.store import LocalAudioStore

    return LocalAudioStore(location=tmp_path / "audio")


@pytest.fixture(params=["local", "s3"])
def store(request):
    return request.getfixturevalue(f"{request.param}_store")
