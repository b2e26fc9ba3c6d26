"""What a dataset is: schema, shards, manifest and lineage, chat words, languages.

`corpus.open(path)` gives a dataset's `manifest`, `scan()` (a polars LazyFrame) and `rows()`;
`corpus.write(rows, kind, path)` makes a dataset.
"""

from corpus.dataset import Dataset, open, write
from corpus.errors import UserError

__all__ = ["Dataset", "UserError", "open", "write"]
