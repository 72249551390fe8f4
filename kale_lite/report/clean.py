"""HTML from notebooks made harmless: no scripts, nothing fetched, nothing that could cover the page.

nh3 binds ammonia, which parses as browsers do and is maintained; bleach, which nbconvert uses, is not any more.
"""

from __future__ import annotations

import re

import nh3

__all__ = ["cleaned", "cleaned_output", "needs_more"]

_TAGS = (nh3.ALLOWED_TAGS | {"section", "figure", "figcaption", "progress", "meter"}) - {"map", "area"}
_STYLES = frozenset({
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
    "border-style", "border-top", "border-width", "color", "font-family", "font-size", "font-style", "font-weight",
    "height", "line-height", "margin", "max-width", "min-width", "padding", "text-align", "text-decoration",
    "vertical-align", "white-space", "width",
})  # fmt: skip
"""No property that moves a thing out of its place, and none that takes a URL."""
_CELL = {"colspan", "rowspan", "align", "valign", "style", "scope"}
_ATTRIBUTES = {
    "*": {"style", "title", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": _CELL, "th": _CELL, "table": {"border", "style"}, "ol": {"start"}, "col": {"span"}, "colgroup": {"span"},
    "progress": {"value", "max"}, "meter": {"value", "min", "max", "low", "high", "optimum"}, "details": {"open"},
}  # fmt: skip
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*", re.A)
_LOST = re.compile(
    r"<\s*(?:script|style(?!\s+scoped)|iframe|svg|canvas|object|embed|video|audio|form|input)\b|<\s*img\b(?![^>]*\bsrc\s*=\s*[\"']?data:)",
    re.I,
)


def needs_more(html: str) -> bool:
    """Whether HTML has parts that a report cannot show: scripts, style sheets, frames, drawings, pictures elsewhere."""
    return _LOST.search(html) is not None


def cleaned_output(html: str) -> str:
    """The HTML of an output: without classes and ids, so that it cannot pass for a part of the report."""
    return _clean(html, _ATTRIBUTES)


def cleaned(html: str) -> str:
    """The HTML of cells as a whole."""
    return _clean(html, {**_ATTRIBUTES, "*": _ATTRIBUTES["*"] | {"class"}})


def _clean(html: str, attributes: dict[str, set[str]]) -> str:
    return nh3.clean(
        html, tags=_TAGS, attributes=attributes, attribute_filter=_checked, filter_style_properties=set(_STYLES),
        url_schemes={"http", "https", "mailto", "data"}, clean_content_tags={"script", "style", "title", "iframe"},
        link_rel="noopener noreferrer",
    )  # fmt: skip


def _checked(tag: str, attribute: str, value: str) -> str | None:
    """Pictures are part of the page, and links lead elsewhere: never the other way round."""
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    if attribute == "href" and value.strip().lower().startswith("data:"):
        return None
    if attribute == "style" and "(" in value and not re.fullmatch(r"(?:[^(]|(?:rgba?|hsla?)\([^()]*\))*", value):
        return None
    return value
