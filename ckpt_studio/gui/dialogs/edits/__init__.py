"""The dialogs of the edits: one a kind, each a form over `base.EditDialog`, which previews and stages."""
