"""``report.html``: one self-contained page on what happened to the text and what the mixture is.

Drawn from ``summary.json`` and, for samples and distributions, from columns of the run's own files.
It holds no script: the filter of languages is CSS (``language_filter``), so that hostile text has
nothing to run in and nothing is lost where scripts are off. The drawings are inline SVG of shapes
under labels in HTML (``drawings``), which take the page's colours, light and dark, and its fonts,
and stay legible on a phone; a plotting library would draw one size in one colour scheme.
"""

from pipeline.report.page import redraw, write_report

__all__ = ["redraw", "write_report"]
