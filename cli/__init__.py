"""The program `bluum`: what a person types and what is printed. The work is done by pipelines/ and assets/."""
