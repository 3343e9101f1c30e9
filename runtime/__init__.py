"""Maps, helpers, contexts and packets that running programs see."""
