"""HTML in which every text is escaped, by construction."""

import html

__all__ = ["Markup", "element"]

_VOID = {"img", "meta"}


class Markup(str):
    """Text that is markup already; what is no Markup gets escaped."""


def element(tag, *children, **attributes):
    """One HTML element.

    Parameters
    ----------
    tag : str
        Its name.

    *children : Markup, str, number, list of them or None
        The content; anything but Markup is escaped, None left out.

    **attributes : str, number, bool or None
        True is an attribute without value; None and False leave it out. A trailing underscore of
        a name is dropped (``class_``), others become hyphens.

    Returns
    -------
    element : Markup
    """
    named = "".join(_attribute(*item) for item in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{named}>")
    return Markup(f"<{tag}{named}>{join(children)}</{tag}>")


def join(children):
    """Markup of children one after the other."""
    return Markup("".join(_child(child) for child in children))


def _child(child):
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, list | tuple):
        return join(child)
    return html.escape(str(child))


def _attribute(name, value):
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
