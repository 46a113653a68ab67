"""Evidence that cannot be rewritten unseen: entries, their tree, checkpoints, witnesses, proofs."""
