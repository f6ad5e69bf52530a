"""Floor 4: workers. The only room that knows the job queue library."""
