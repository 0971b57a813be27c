"""What a clinical trial does with photos: pass them on without names, and see what changed."""
