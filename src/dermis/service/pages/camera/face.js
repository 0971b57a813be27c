// Finds the one face of a picture: BlazeFace once, then 478 landmarks that follow it from frame to frame.
import { apply, asInput, look, toPicture } from "./views.js";

const DETECTOR_PX = 128;
const LANDMARKS_PX = 256;
const SURE = 0.5;
const ROOM = 1.5; // the view's side over the face's, as the landmark network was trained
const EYE_CORNERS = [33, 263];
const ANCHORS = anchors();

/**
 * The face in a picture (a video, canvas or bitmap of width x height), or null.
 * before: the face of the frame before, where there was one: the detector is then not needed.
 */
export async function findFace(engine, picture, width, height, before = null) {
  const followed = before && (await fit(engine, picture, squareAround(before.landmarks)));
  if (followed) return followed;
  const seen = await detect(engine, picture, width, height);
  if (!seen) return null;
  const first = await fit(engine, picture, seen);
  return first && ((await fit(engine, picture, squareAround(first.landmarks))) ?? first);
}

async function fit(engine, picture, square) {
  const pixels = look(picture, square, LANDMARKS_PX);
  const out = await engine.run("landmarks", asInput(pixels, 1 / 255, 0), LANDMARKS_PX);
  const score = 1 / (1 + Math.exp(-out.Identity_1[0]));
  if (score < SURE) return null;
  const map = toPicture(square, LANDMARKS_PX);
  const depth = square.side / LANDMARKS_PX;
  const landmarks = Array.from({ length: 478 }, (_, k) => {
    const [u, v, w] = out.Identity.slice(3 * k, 3 * k + 3);
    return [...apply(map, u, v), w * depth];
  });
  return { landmarks, score, pixels, square, viewPx: LANDMARKS_PX };
}

/** The upright square in which the landmark network wants to see these landmarks again. */
export function squareAround(landmarks) {
  const [right, left] = EYE_CORNERS.map((k) => landmarks[k]);
  const roll = Math.atan2(left[1] - right[1], left[0] - right[0]);
  const cos = Math.cos(roll);
  const sin = Math.sin(roll);
  const along = landmarks.map(([x, y]) => cos * x + sin * y);
  const down = landmarks.map(([x, y]) => cos * y - sin * x);
  const [u, v] = [along, down].map((values) => (Math.min(...values) + Math.max(...values)) / 2);
  const side = Math.max(...[along, down].map((values) => Math.max(...values) - Math.min(...values)));
  return { x: cos * u - sin * v, y: sin * u + cos * v, side: side * ROOM, roll };
}

async function detect(engine, picture, width, height) {
  const square = { x: width / 2, y: height / 2, side: Math.max(width, height), roll: 0 };
  const pixels = look(picture, square, DETECTOR_PX);
  const out = await engine.run("detector", asInput(pixels, 1 / 127.5, -1), DETECTOR_PX);
  const scores = out.classificators;
  const best = scores.reduce((most, score, k) => (score > scores[most] ? k : most), 0);
  if (1 / (1 + Math.exp(-scores[best])) < SURE) return null;
  return squareOf(out.regressors.slice(16 * best, 16 * best + 16), ANCHORS[best], square);
}

/** Values 0-1 are the centre, 2-3 the size, 4-7 the right and left eye, counted from the anchor but for the size. */
function squareOf(values, [anchorX, anchorY], view) {
  const map = toPicture(view, DETECTOR_PX);
  const place = (k) => apply(map, values[k] + anchorX * DETECTOR_PX, values[k + 1] + anchorY * DETECTOR_PX);
  const [x, y] = place(0);
  const [right, left] = [place(4), place(6)];
  const side = ((values[2] + values[3]) / 2) * (view.side / DETECTOR_PX) * ROOM;
  return { x, y, side, roll: Math.atan2(left[1] - right[1], left[0] - right[0]) };
}

function anchors() {
  const places = [];
  for (const [cells, each] of [[16, 2], [8, 6]]) {
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        for (let k = 0; k < each; k++) places.push([(column + 0.5) / cells, (row + 0.5) / cells]);
      }
    }
  }
  return places;
}
