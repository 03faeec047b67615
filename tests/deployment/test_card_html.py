"""Markup that escapes what is no markup."""

from sklearn_skd.deployment._card_html import Markup, element


def test_text_and_attributes_are_escaped():
    made = element("p", "<script>alert(1)</script>", title='"><script>')
    assert made == ('<p title="&quot;&gt;&lt;script&gt;">&lt;script&gt;alert(1)&lt;/script&gt;</p>')


def test_elements_nest_without_being_escaped_twice():
    cells = [element("td", name) for name in ("a & b", 3)]
    assert element("tr", cells) == "<tr><td>a &amp; b</td><td>3</td></tr>"


def test_none_is_left_out_and_names_become_those_of_html():
    made = element("div", None, ["x", None], class_="y", aria_label="z", hidden=None, inert=True)
    assert made == '<div class="y" aria-label="z" inert>x</div>'


def test_void_elements_have_no_end():
    assert element("img", alt="") == '<img alt="">'


def test_markup_joined_to_text_is_text_again():
    """So that a careless concatenation is escaped, not trusted."""
    careless = Markup("<b>") + "<script>"
    assert "<script>" not in element("p", careless)
