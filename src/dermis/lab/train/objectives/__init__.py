"""What is learnt, one file each: samples of one dataset, or examples from pools; each trains by the one loop."""
