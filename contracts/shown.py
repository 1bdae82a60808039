"""Words for whoever reads the pages of the server, in clear where all else is encrypted."""


class Shown(str):
    """A line of our catalogue that goes with a timer, an activity or a run, for operators.

    It holds no word of anybody, names nobody and tells of no trouble, so the codec leaves it readable. It is written
    for pages only: no code may take it for a value, and a payload of this kind is refused where one is expected.
    """

    __slots__ = ()
