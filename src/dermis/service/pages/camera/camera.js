// The camera itself: opening it, one picture, and the pair by the light of the screen.
const QUALITY = 0.95;
const SETTLE_MS = 900;
const FRAMES = 4;

/** Why there is no live camera here: "insecure", "none", or "" where there may be one. */
export function whyNoCamera() {
  if (!isSecureContext) return "insecure";
  return navigator.mediaDevices?.getUserMedia ? "" : "none";
}

export function openCamera() {
  const video = { facingMode: "user", width: { ideal: 2560 }, height: { ideal: 1440 } };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** One picture as JPEG at the full size of the video. */
export function takePicture(video) {
  return asJpeg(drawn(video));
}

/**
 * Two pictures: `ambient` with the screen dark, `bright` with the screen white; their difference is the screen's light.
 * show("dark" | "bright" | "") switches the screen. `locked` says whether the camera held its exposure between them.
 */
export async function takeFlashPair(video, show) {
  const [track] = video.srcObject.getVideoTracks();
  const locked = await hold(track, true);
  try {
    show("dark");
    await wait(SETTLE_MS);
    const ambient = await asJpeg(await averaged(video));
    show("bright");
    await wait(SETTLE_MS);
    const bright = await asJpeg(await averaged(video));
    return { bright, ambient, locked };
  } finally {
    show("");
    await hold(track, false);
  }
}

/** Hold exposure and white balance, or let them go; returns whether the camera can. */
async function hold(track, held) {
  const can = track.getCapabilities?.() ?? {};
  const mode = held ? "manual" : "continuous";
  const wanted = ["exposureMode", "whiteBalanceMode"].filter((name) => can[name]?.includes(mode));
  if (!wanted.includes("exposureMode")) return false;
  try {
    await track.applyConstraints({ advanced: [Object.fromEntries(wanted.map((name) => [name, mode]))] });
    return true;
  } catch {
    return false;
  }
}

/** The mean of some frames, drawn over each other with falling weight, which halves the camera's noise. */
async function averaged(video) {
  const canvas = drawn(video);
  const pen = canvas.getContext("2d");
  for (let count = 2; count <= FRAMES; count++) {
    await nextFrame(video);
    pen.globalAlpha = 1 / count;
    pen.drawImage(video, 0, 0);
  }
  return canvas;
}

function drawn(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

function asJpeg(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be written"))), "image/jpeg", QUALITY);
  });
}

function nextFrame(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
    else setTimeout(resolve, 50);
  });
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
