"""The API side: what is asked of Bluum and at which pace, what an answer means, and the asking of a whole night."""
