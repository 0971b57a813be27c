// The address under which the page can show the photo of an analysis: this device's copy, or the one the service keeps.
import { photoAddress } from "../core/api.js";
import { photoOf } from "../core/device_photos.js";
import { useEffect, useState } from "../core/ui.js";

/** undefined while it is looked for, null where there is none. `there`: whether the service has it. */
export function usePhoto(analysisId, there) {
  const [address, setAddress] = useState(undefined);
  useEffect(() => {
    let made = null;
    let wanted = true;
    photoOf(analysisId).then((blob) => {
      if (!wanted) return;
      if (blob) made = URL.createObjectURL(blob);
      setAddress(made ?? (there ? photoAddress(analysisId) : null));
    });
    return () => {
      wanted = false;
      if (made) URL.revokeObjectURL(made);
    };
  }, [analysisId, there]);
  return address;
}
