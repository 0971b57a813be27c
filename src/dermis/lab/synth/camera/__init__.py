"""From a made head to pixels: scene, shading, rendering, acquisition."""
