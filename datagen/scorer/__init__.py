"""`datagen scorer`: whether a score deserves trust, and where to cut it."""
