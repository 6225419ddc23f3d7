"""What people may write as a name on our forms: nothing invisible, as the catalog asks of it too.

It knows text alone. A name stands on pages and in texts that are signed, so a mark that turns
writing around, or a blank of no width out of a copied line, is said at the field.
"""

from django.core.exceptions import ValidationError

from licensing.catalog.rules import CatalogRefused, clean_name


def printable(text: str) -> None:
    """A field's validator: raises ValidationError for what the catalog would not take as a name."""
    try:
        clean_name(text)
    except CatalogRefused as refused:
        raise ValidationError(
            "It holds signs that cannot be seen. Type it anew instead of pasting it."
        ) from refused
