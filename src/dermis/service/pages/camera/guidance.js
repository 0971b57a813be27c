// From a frame to one hint: what is most in the way of a photo that can be measured. Limits are one visible table.
import { backlightOf, lightOf, movement, sharpnessOf } from "./measures.js";
import { faceWidth, headPose } from "./pose.js";

export const LIMITS = {
  narrowest: 0.3, // width of the face over the short side of the frame
  widest: 0.75,
  offCentre: 0.2, // of the frame
  frontYawDeg: 12,
  sideYawDeg: [28, 65],
  pitchDeg: 20,
  rollDeg: 15,
  dark: 0.25,
  bright: 0.97,
  backlight: 4,
  cheekRatio: 1.7,
  sharpness: 0.2,
  movement: 0.025,
};

/** What a frame measures; face may be null. */
export function measure(picture, width, height, face, before) {
  if (!face) return { face: false };
  const faceWidthPx = faceWidth(face.landmarks);
  const light = lightOf(face);
  return {
    face: true,
    size: faceWidthPx / Math.min(width, height),
    across: face.square.x / width - 0.5,
    down: face.square.y / height - 0.5,
    pose: headPose(face.landmarks),
    light,
    backlight: backlightOf(picture, width, height, face, light.luminance),
    sharpness: sharpnessOf(face),
    movement: movement(face, before, faceWidthPx),
  };
}

/** The checks in the order in which they are worth mending: [{name, ok, hint}], hint a key of the texts. */
export function checks(m, view) {
  if (!m.face) return [{ name: "face", ok: false, hint: "no_face" }];
  return [
    check("face", Math.max(Math.abs(m.across), Math.abs(m.down)) < LIMITS.offCentre, "centre"),
    check("distance", m.size > LIMITS.narrowest, "closer", m.size < LIMITS.widest, "back"),
    turned(m.pose, view),
    check("level", Math.abs(m.pose.pitch) < LIMITS.pitchDeg, m.pose.pitch > 0 ? "camera_higher" : "camera_lower", Math.abs(m.pose.roll) < LIMITS.rollDeg, "straight"),
    lit(m, view),
    check("still", m.movement < LIMITS.movement, "still"),
    check("sharp", m.sharpness > LIMITS.sharpness, "sharp"),
  ];
}

function check(name, first, firstHint, second = true, secondHint = "") {
  return { name, ok: first && second, hint: first ? (second ? "" : secondHint) : firstHint };
}

/** Yaw is positive to the person's own left, which shows their right cheek. */
function turned({ yaw }, view) {
  if (view === "front") return check("turned", Math.abs(yaw) < LIMITS.frontYawDeg, yaw > 0 ? "turn_right" : "turn_left");
  const toward = view === "right" ? yaw : -yaw;
  const [least, most] = LIMITS.sideYawDeg;
  const more = view === "right" ? "turn_left" : "turn_right";
  return check("turned", toward > least, more, toward < most, "turn_back");
}

function lit(m, view) {
  const { light } = m;
  if (light.bright < LIMITS.dark) return check("light", false, "darker");
  if (light.bright > LIMITS.bright) return check("light", false, "brighter");
  if (m.backlight > LIMITS.backlight) return check("light", false, "backlight");
  return check("light", view !== "front" || light.cheekRatio < LIMITS.cheekRatio, "uneven");
}
