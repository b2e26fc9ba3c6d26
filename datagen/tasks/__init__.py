"""Tasks: how rows become prompts."""
