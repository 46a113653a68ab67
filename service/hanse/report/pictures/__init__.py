"""Pictures of protected figures, drawn on the server as SVG: maps, lines, bars, dots, sparklines.

Every picture comes as an `Illustration`: with a title, a description and the table that says the
same. A figure that is hidden or missing is drawn as a hatched or an empty place of a fixed size,
never as a length, a height or a colour that its number would have; scales, classes and order are
made of visible figures only. Colours differ in lightness, so that nobody needs to tell hues apart.
"""
