"""Floor 2: what stands before people: questions with their answers, and notices."""
