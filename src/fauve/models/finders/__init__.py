"""Face finders that are models; each file holds one kind."""
