"""What a plan waits for before it may be signed: questions, gates and their answers."""
