"""How figures come in: files read in a cage, made into a draft, and checked rule by rule."""
