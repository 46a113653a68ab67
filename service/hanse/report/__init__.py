"""Reports for people who file them: protected figures become a document, a page and a PDF.

A report is built as a `Document` first, whatever it is about; `page` writes it as one web page and
`pdf` as a tagged PDF. Nothing here holds a figure that its reader may not see.
"""
