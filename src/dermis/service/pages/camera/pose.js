// How the head is turned, by the same landmarks and formulas as the service (src/dermis/face/pose.py).
export const MIDLINE = [[10, 151, 9], [152, 175, 199]];
export const PAIRS = [
  [33, 133, 61, 234, 127, 93, 58, 172, 136, 70, 105, 107, 55, 50, 205, 129, 54, 103],
  [263, 362, 291, 454, 356, 323, 288, 397, 365, 300, 334, 336, 285, 280, 425, 358, 284, 332],
];
export const CHEEK_EDGES = [234, 454];

const LINEAR = 1.12;
const CUBIC_PER_DEG2 = 1.28e-4;
const DEG = 180 / Math.PI;

/** Yaw (positive to the person's own left), pitch and roll in degrees. */
export function headPose(landmarks) {
  const across = unit(PAIRS[0].reduce((sum, right, k) => plus(sum, minus(landmarks[PAIRS[1][k]], landmarks[right])), [0, 0, 0]));
  const [top, bottom] = MIDLINE.map((points) => points.reduce((sum, k) => plus(sum, landmarks[k]), [0, 0, 0]).map((v) => v / points.length));
  let down = minus(bottom, top);
  const lean = dot(across, down);
  down = unit(minus(down, across.map((v) => v * lean)));
  const roll = Math.atan2(-down[0], down[1]);
  const pitch = -Math.asin(Math.max(-1, Math.min(1, down[2])));
  const x = Math.cos(roll) * across[0] + Math.sin(roll) * across[1];
  const y = -Math.sin(roll) * across[0] + Math.cos(roll) * across[1];
  const yaw = Math.atan2(Math.cos(pitch) * across[2] + Math.sin(pitch) * y, x) * DEG;
  return { yaw: yaw * (LINEAR + CUBIC_PER_DEG2 * yaw ** 2), pitch: pitch * DEG, roll: roll * DEG };
}

/** The width of the face between the outer edges of its cheeks, in pixels, measured in depth too. */
export function faceWidth(landmarks) {
  const [right, left] = CHEEK_EDGES.map((k) => landmarks[k]);
  return Math.hypot(...minus(left, right));
}

function plus(a, b) {
  return a.map((value, k) => value + b[k]);
}
function minus(a, b) {
  return a.map((value, k) => value - b[k]);
}
function dot(a, b) {
  return a.reduce((sum, value, k) => sum + value * b[k], 0);
}
function unit(a) {
  const length = Math.hypot(...a);
  return a.map((value) => value / length);
}
