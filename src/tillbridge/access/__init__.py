"""Room: who may steer, and the record of who did what and why. A stranger to the other rooms."""
