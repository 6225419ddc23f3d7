"""The platforms on which news are made."""

from tests.provider.fixtures import platform, standin_only

__all__ = ["platform", "standin_only"]
