"""Equations as MathML, which browsers draw themselves: no script, no font, no network."""

import html
import re
from xml.etree import ElementTree

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

MATHML = "http://www.w3.org/1998/Math/MathML"
# what docutils writes above a letter, and what browsers set clear of it
ACCENTS = {
    "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}": "^",
    "\N{MODIFIER LETTER MACRON}": "\N{MACRON}",
}


def to_mathml(formula, *, as_block):
    """MathML of a formula in LaTeX."""
    named = re.compile(r"&(?!lt;|gt;|amp;)\w+;")  # known to HTML, not to XML
    text = named.sub(lambda found: html.unescape(found[0]), tex2mathml(formula, as_block=as_block))
    ElementTree.register_namespace("", MATHML)
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if len(child) > 1 and child[-1].text in ACCENTS:
                child[-1].text = ACCENTS[child[-1].text]
                child.attrib.clear()
                if _is(child, "munderover"):
                    _move_index(parent, child)
    return ElementTree.tostring(root, encoding="unicode")


def _move_index(parent, child):
    r"""Beside the letter, where docutils puts the index of ``\hat p_i`` below."""
    letter, index, accent = child
    accented = ElementTree.Element(f"{{{MATHML}}}mover")
    accented.extend([letter, accent])
    if _is(parent, "msup") and child is parent[0]:
        parent.tag = f"{{{MATHML}}}msubsup"
        parent[:] = [accented, index, parent[1]]
    else:
        child.tag = f"{{{MATHML}}}msub"
        child[:] = [accented, index]


def _is(element, tag):
    return element.tag == f"{{{MATHML}}}{tag}"


def _visit_inline(translator, node):
    translator.body.append(to_mathml(node.astext(), as_block=False))
    raise SkipNode


def _visit_block(translator, node):
    formula = to_mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="equation">{formula}</div>')
    raise SkipNode


def setup(app):
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_visit_inline, None), block_renderers=(_visit_block, None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
