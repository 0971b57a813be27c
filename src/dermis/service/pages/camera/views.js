// Square views into a picture, as the networks want to see it. A square: {x, y, side, roll}, pixels and radians.
const boards = new Map();

/** The map from view pixels to picture pixels: [a, b, c, d, e, f], x = a u + c v + e, y = b u + d v + f. */
export function toPicture({ x, y, side, roll = 0 }, size) {
  const scale = side / size;
  const cos = scale * Math.cos(roll);
  const sin = scale * Math.sin(roll);
  const half = size / 2;
  return [cos, sin, -sin, cos, x - half * (cos - sin), y - half * (sin + cos)];
}

export function apply([a, b, c, d, e, f], u, v) {
  return [a * u + c * v + e, b * u + d * v + f];
}

export function inverted([a, b, c, d, e, f]) {
  const area = a * d - b * c;
  return [d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area];
}

/** The pixels of a view: RGBA, size x size; black beyond the picture. */
export function look(picture, square, size) {
  const pen = board(size);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, size, size);
  pen.setTransform(...inverted(toPicture(square, size)));
  pen.drawImage(picture, 0, 0);
  return pen.getImageData(0, 0, size, size).data;
}

/** RGB as numbers for a network: value * scale + shift. */
export function asInput(rgba, scale, shift) {
  const values = new Float32Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    for (let channel = 0; channel < 3; channel++) values[to++] = rgba[from + channel] * scale + shift;
  }
  return values;
}

function board(size) {
  if (!boards.has(size)) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingQuality = "medium";
    boards.set(size, pen);
  }
  return boards.get(size);
}
