"""How this room says no to a deed: a sentence for a person and a code for a program."""


class ClearanceRefused(ValueError):
    """A grant, withdrawal or hold that cannot be."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
