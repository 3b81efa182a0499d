"""What a model may do here: choose among phrase ids, choose a scenario where the matcher is unsure, flag a tone."""
