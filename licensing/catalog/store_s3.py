"""The audio store on an S3-compatible service, by django-storages; the same rules as the local one.

Kept apart because importing boto3 costs a second that a local demo need not spend. Write-once holds
by the service itself: small objects are put with `If-None-Match: *`; large ones are looked for
first, and since a name is a digest, whoever still comes second writes the same bytes.
"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from licensing.catalog.store import checked_name

_BLOCK_BYTES = 1 << 18


class S3AudioStore(S3Storage):
    """Write-once objects in a bucket; beyond `one_put_bytes` an object goes up in parts."""

    one_put_bytes = 16 << 20

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        key = self._normalize_name(checked_name(name))
        if content.size > self.one_put_bytes:
            return name if self.exists(name) else str(super()._save(name, content))
        content.seek(0)
        try:
            self.bucket.Object(key).put(
                Body=content.read(), IfNoneMatch="*", ContentType="application/octet-stream"
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
        return name

    def touch(self, name: str) -> None:
        """Make the object young again: somebody is about to name it in a row."""
        key = self._normalize_name(checked_name(name))
        self.bucket.meta.client.copy_object(
            Bucket=self.bucket.name,
            Key=key,
            CopySource={"Bucket": self.bucket.name, "Key": key},
            MetadataDirective="REPLACE",
            ContentType="application/octet-stream",
        )

    def size(self, name: str) -> int:
        """Bytes of an object; raises FileNotFoundError as the local store does."""
        try:
            return int(super().size(name))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                raise FileNotFoundError(name) from error
            raise

    def range_blocks(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes [start, end) of an object, in blocks."""
        key = self._normalize_name(checked_name(name))
        answer = self.bucket.Object(key).get(Range=f"bytes={start}-{end - 1}")
        body = answer["Body"]
        try:
            yield from body.iter_chunks(_BLOCK_BYTES)
        finally:
            body.close()
