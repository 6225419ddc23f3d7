"""Reading the JSON that partners send: what cannot be read is said in one sentence.

It knows JSON and its limits here, no shapes. Invariant: no body, however odd, is a fault of ours.
"""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class JsonBody(JSONParser):
    """The framework's reader of JSON, with our sentences for what it cannot read."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value in the body; raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as deep:
            raise ParseError("The body is nested too deeply; send one flat object.") from deep
        except ParseError as error:
            raise ParseError(_sentence(error.__context__)) from error


def _sentence(cause: BaseException | None) -> str:
    if isinstance(cause, json.JSONDecodeError):
        where = f"line {cause.lineno}, column {cause.colno}"
        return f"The body is not JSON: look at {where} ({cause.msg})."
    if isinstance(cause, UnicodeDecodeError):
        return "The body is not UTF-8; send JSON in UTF-8."
    return "The body holds a number that is not finite or too long; send another."
