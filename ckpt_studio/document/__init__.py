"""One open checkpoint being edited: staged view, edits with undo, journal, saving."""
