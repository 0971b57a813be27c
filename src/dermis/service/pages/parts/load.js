// A value that has to be fetched first: {value, problem, again}.
import { useCallback, useEffect, useState } from "../core/ui.js";

export function useLoaded(load, reasons) {
  const [state, setState] = useState({ value: null, problem: null });
  const again = useCallback(() => {
    let wanted = true;
    setState({ value: null, problem: null });
    load().then(
      (value) => wanted && setState({ value, problem: null }),
      (problem) => wanted && setState({ value: null, problem }),
    );
    return () => {
      wanted = false;
    };
  }, reasons);
  useEffect(again, reasons);
  return { ...state, again };
}
