// Follows the face in a video, frame by frame, as fast as the networks answer.
import { findFace } from "./face.js";
import { checks, measure } from "./guidance.js";

const REST_MS = 60;

/** Calls onFrame(checks) for every frame looked at, onStop(error) where it cannot go on; returns how to end it. */
export function follow(video, engine, view, onFrame, onStop) {
  let going = true;
  (async () => {
    let before = null;
    while (going) {
      if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0) {
        const picture = await createImageBitmap(video); // every look of one round sees the same frame
        const { width, height } = picture;
        const face = await findFace(engine, picture, width, height, before);
        const found = checks(measure(picture, width, height, face, before), view);
        picture.close();
        before = face;
        if (going) onFrame(found);
      }
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  })().catch((error) => going && onStop(error));
  return () => {
    going = false;
  };
}
