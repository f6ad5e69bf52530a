"""What reports say became of the money: which were read, and every line of theirs."""
