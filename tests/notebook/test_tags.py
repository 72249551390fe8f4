"""The grammar of tags: what is written is read back, and foreign tags are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale_lite.notebook.tags import Bare, Malformed, OptionTag, Prev, StepTag, Tag, format_tag, parse_tag

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1).filter(lambda t: t.strip())
PART = TEXT.filter(lambda t: ":" not in t)


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    kind, *parts = text.split(":", 1 if text.startswith("empty-dir") else 2)
    return kind, tuple(parts)


TAGS: st.SearchStrategy[Tag] = st.one_of(
    st.sampled_from(["imports", "skip", "parameters", "pipeline-metrics"]).map(Bare),
    st.builds(StepTag, TEXT, st.sampled_from(["step", "block"])),
    TEXT.map(Prev),
    st.builds(lambda k, v: OptionTag("label", (k, v)), PART, TEXT),
    st.builds(lambda s, k: OptionTag("secret", (s, k, "TOKEN")), PART, PART.filter(lambda k: "/" not in k)),
    st.builds(lambda s, p: OptionTag("config-map", (s, f"/{p}")), PART, st.from_regex("[a-z/]+", fullmatch=True)),
    st.sampled_from(["empty-dir:/a:1Gi", "ephemeral:/a:1Gi:fast", "shm:500Mi", "field:A:metadata.labels['b']"]).map(
        lambda text: OptionTag(*_split(text))
    ),
)


@given(TAGS)
def test_written_tags_are_read_back(tag: Tag) -> None:
    assert parse_tag(format_tag(tag)) == tag


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parsed = parse_tag(text)
    if parsed is not None and not isinstance(parsed, Malformed):
        assert format_tag(parsed) == text


@pytest.mark.parametrize(
    "text", ["slideshow", "remove-cell", "todo: later", "hide_input", "papermill-error", "x:y", "", "steps"]
)
def test_foreign_tags(text: str) -> None:
    assert parse_tag(text) is None


@pytest.mark.parametrize(
    ("text", "near"),
    [("limit:memory:2gb", "limit:memory:2Gi"), ("request:memory:512 mb", "request:memory:512Mi"),
     ("limit:cpu:two", "limit:key:quantity")],
)  # fmt: skip
def test_quantities_have_a_near_spelling(text: str, near: str) -> None:
    tag = parse_tag(text)
    assert isinstance(tag, Malformed)
    assert tag.suggestion == near
