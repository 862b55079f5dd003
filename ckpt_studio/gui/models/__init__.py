"""Qt models over the document: thin translations of its columns and events."""
