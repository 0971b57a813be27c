"""The light of a photo: what is known of it, flash pairs, and the calibration of devices."""
