"""What survives a crash: the project folder, the journal of edits, the versions of the model."""
