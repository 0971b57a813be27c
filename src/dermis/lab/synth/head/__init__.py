"""The geometry of made heads: mesh, shape, hair, eyes, glasses, clothing, maps onto their surface."""
