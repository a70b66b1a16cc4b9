"""The made-up world: people, prices, policies, what happened to each account, and the story of the demo. No HTTP here."""
