"""Pages that mkdocs makes from the classes: whatever a recipe may name is documented where it is defined."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from datagen.catalog_pages import markdown
from datagen.languages import page as languages_page

PAGES = {
    "stages": (
        "Stages",
        "A recipe is a list of named stages. Each is one of these verbs with its options; it reads the stage above it, "
        "or those named in `from:`. `datagen list stages` tells the same on the command line.",
    ),
    "readers": (
        "Readers",
        "What `read` understands. The reader is named by the option that says where the data lie: "
        "`read: {jsonl: answers.jsonl, kind: response}`.",
    ),
    "tasks": ("Tasks", "How the stage `prompt`, and readers of sources without prompts, word prompts."),
    "engines": (
        "Engines",
        "What answers prompts in the stage `generate`: `generate: {n: 4, engines: [{openai: {model: ...}}]}`. "
        "Options that are not given are left to the server, or to the model's own generation config.",
    ),
    "makers": (
        "Makers",
        "What the stage `verifiable` turns rows into: `verifiable: {make: [math], verifiers: [language]}`. Every "
        "problem is tried on a right answer before it is kept.",
    ),
    "filters": (
        "Filters",
        "A filter drops the rows that have the fault it is named after; in the stage `select`, or as a gate of `best` "
        "and `pair`. Dropped rows are kept aside with that name as the reason.",
    ),
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each section of the catalog, and one on languages."""
    for section, (title, opening) in PAGES.items():
        files.append(File.generated(config, f"{section}.md", content=markdown(section, title, opening)))
    files.append(File.generated(config, "languages.md", content=languages_page()))
    return files


BELOW = {
    "scorers.md": ("scorers", "Columns and options"),
    "verifiers.md": ("verifiers", "Arguments"),
}
"""Pages written by hand, with the section whose entries stand below, and under which heading."""


def on_page_markdown(text: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the entries of a section below what its page says of them."""
    del config, files
    if page.file.src_uri not in BELOW:
        return text
    section, title = BELOW[page.file.src_uri]
    catalog = markdown(section, title, f"`datagen list {section}` tells the same on the command line.")
    return f"{text}\n\n#{catalog}".replace("\n## `", "\n### `")
