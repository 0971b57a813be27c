// Lays one photo of a face onto another by their landmarks, with the networks that guide the camera.
import { startEngine } from "./engine.js";
import { findFace } from "./face.js";

const LONGEST = 1280;

/** The affine map [a, b, c, d, e, f] from the later photo to the earlier, in photo pixels; null where a face is missing. */
export async function registration(earlier, later) {
  const engine = await startEngine();
  const target = await landmarksOf(engine, earlier);
  const source = await landmarksOf(engine, later);
  return source && target ? fitted(source, target) : null;
}

async function landmarksOf(engine, address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const shrink = Math.min(1, LONGEST / Math.max(picture.naturalWidth, picture.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.naturalWidth * shrink);
  canvas.height = Math.round(picture.naturalHeight * shrink);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const face = await findFace(engine, canvas, canvas.width, canvas.height);
  return face && face.landmarks.map(([x, y]) => [x / shrink, y / shrink]);
}

/** Least squares over all pairs of points. */
export function fitted(source, target) {
  const [sx, sy] = middle(source);
  const [tx, ty] = middle(target);
  let [xx, xy, yy, ax, ay, bx, by] = [0, 0, 0, 0, 0, 0, 0];
  source.forEach(([u, v], k) => {
    const [x, y] = [u - sx, v - sy];
    const [p, q] = [target[k][0] - tx, target[k][1] - ty];
    xx += x * x;
    xy += x * y;
    yy += y * y;
    ax += x * p;
    ay += y * p;
    bx += x * q;
    by += y * q;
  });
  const area = xx * yy - xy * xy;
  const [a, c] = [(yy * ax - xy * ay) / area, (xx * ay - xy * ax) / area];
  const [b, d] = [(yy * bx - xy * by) / area, (xx * by - xy * bx) / area];
  return [a, b, c, d, tx - a * sx - c * sy, ty - b * sx - d * sy];
}

function middle(points) {
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
}
