"""Tables of a test in the form in which a chapter gets them."""


class Given:
    """Tables as ``load_tables`` returns them."""

    part = "reader_study"

    def __init__(self, made):
        self._made = made

    def __getattr__(self, name):
        return getattr(self._made, name)

    optional = __getattr__


def whole(head):
    """An answer with what limits it, as it stands in the box of a chapter."""
    return " ".join([head.answer, *head.limits])
