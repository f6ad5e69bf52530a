"""Floor 2: what people have to be told of, once, until it ends."""
