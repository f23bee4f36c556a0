"""Verdict and numbers for people (HTML), programs (JSON) and continuous integration (JUnit)."""

from tilewright.report.junit import junit_xml
from tilewright.report.page import About, render_page
from tilewright.report.picture import Picture
from tilewright.report.summary import Reason, Summary, summarize

__all__ = ["About", "Picture", "Reason", "Summary", "junit_xml", "render_page", "summarize"]
