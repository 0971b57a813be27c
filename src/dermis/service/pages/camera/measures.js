// What one frame says about light, sharpness and stillness, from the small view in which the face was found.
import { look } from "./views.js";

const CHEEK_POINTS = [[50, 205, 118, 101], [280, 425, 347, 330]]; // the person's right and left
const SKIN_POINTS = [...CHEEK_POINTS.flat(), 9, 151, 108, 337, 4];
const PATCH = 3;
const BLUR_TAPS = 11;
const STEADY_POINTS = [33, 263, 1, 61, 291, 152, 10];

/** Light on the skin, linear: `cheekRatio` of the brighter over the darker cheek, `bright` of the skin in [0, 1]. */
export function lightOf(face) {
  const cheeks = CHEEK_POINTS.map((points) => median(points.flatMap((k) => patch(face, k).map(luminance))));
  const skin = SKIN_POINTS.flatMap((k) => patch(face, k));
  return {
    cheekRatio: Math.max(...cheeks) / Math.max(Math.min(...cheeks), 1e-3),
    bright: median(skin.map((pixel) => Math.max(...pixel) / 255)),
    luminance: median(skin.map(luminance)),
  };
}

/** How much brighter than the skin the bright surroundings are, linear. */
export function backlightOf(picture, width, height, face, skinLuminance) {
  const size = 64;
  const side = Math.max(width, height);
  const pixels = look(picture, { x: width / 2, y: height / 2, side, roll: 0 }, size);
  const around = [];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const x = width / 2 + ((column + 0.5) / size - 0.5) * side;
      const y = height / 2 + ((row + 0.5) / size - 0.5) * side;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      const { square } = face;
      if (Math.hypot(x - square.x, y - square.y) < square.side / 2) continue;
      const at = 4 * (row * size + column);
      around.push(luminance(pixels.slice(at, at + 3)));
    }
  }
  return around.length ? quantile(around, 0.75) / Math.max(skinLuminance, 1e-3) : 1;
}

/** 1 - blur effect of the middle of the face, 0 blurred to 1 sharp (Crete et al., SPIE 6492, 2007). */
export function sharpnessOf(face) {
  const size = face.viewPx;
  const low = Math.round(size * 0.25);
  const side = size - 2 * low;
  const grey = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = 4 * ((row + low) * size + column + low);
      grey[row * side + column] = (0.2126 * face.pixels[at] + 0.7152 * face.pixels[at + 1] + 0.0722 * face.pixels[at + 2]) / 255;
    }
  }
  return 1 - Math.max(blurAlong(grey, side, 1, side), blurAlong(grey, side, side, 1));
}

/** How far the face moved since the frame before, in face widths. */
export function movement(face, before, width) {
  if (!before) return Infinity;
  const moved = STEADY_POINTS.map((k) => Math.hypot(face.landmarks[k][0] - before.landmarks[k][0], face.landmarks[k][1] - before.landmarks[k][1]));
  return median(moved) / width;
}

/** The share of neighbour differences that a smoothing along one axis takes away leaves: 0 sharp, 1 blurred. */
function blurAlong(grey, side, step, line) {
  const half = (BLUR_TAPS - 1) / 2;
  let all = 0;
  let kept = 0;
  for (let start = 0; start < side; start++) {
    const at = (k) => grey[start * line + k * step];
    let window = 0;
    for (let k = 0; k < BLUR_TAPS; k++) window += at(k);
    for (let k = half + 1; k < side - half; k++) {
      const before = window / BLUR_TAPS;
      window += at(k + half) - at(k - half - 1);
      const sharp = Math.abs(at(k) - at(k - 1));
      all += sharp;
      kept += Math.max(0, sharp - Math.abs(window / BLUR_TAPS - before));
    }
  }
  return all > 0 ? (all - kept) / all : 1;
}

function patch(face, landmark) {
  const { square, viewPx, pixels, landmarks } = face;
  const [x, y] = landmarks[landmark];
  const scale = viewPx / square.side;
  const cos = Math.cos(square.roll) * scale;
  const sin = Math.sin(square.roll) * scale;
  const u = Math.round(viewPx / 2 + cos * (x - square.x) + sin * (y - square.y));
  const v = Math.round(viewPx / 2 - sin * (x - square.x) + cos * (y - square.y));
  const found = [];
  for (let row = v - PATCH; row <= v + PATCH; row++) {
    for (let column = u - PATCH; column <= u + PATCH; column++) {
      if (row < 0 || column < 0 || row >= viewPx || column >= viewPx) continue;
      const at = 4 * (row * viewPx + column);
      found.push([pixels[at], pixels[at + 1], pixels[at + 2]]);
    }
  }
  return found;
}

function luminance([red, green, blue]) {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
function linear(value) {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
function median(values) {
  return quantile(values, 0.5);
}
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
