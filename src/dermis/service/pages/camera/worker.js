// Runs the two face networks off the page's own thread. One message in, one message out, in order.
import * as ort from "/engine/ort.mjs?v=1.30.0";

const NETWORKS = { detector: "/engine/face_detector.onnx?v=1", landmarks: "/engine/face_landmarks.onnx?v=1" };

// One thread: several need a cross-origin isolated page and run out of memory on iOS.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("/engine/ort.wasm?v=1.30.0", self.location.origin).href };

const sessions = new Map();

self.onmessage = async ({ data }) => {
  try {
    const answer = await (data.kind === "load" ? load() : run(data.kind, data.values, data.size));
    self.postMessage({ id: data.id, answer });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error?.message ?? error) });
  }
};

async function load() {
  for (const [name, address] of Object.entries(NETWORKS)) {
    if (!sessions.has(name)) sessions.set(name, await ort.InferenceSession.create(address, { executionProviders: ["wasm"] }));
  }
  return true;
}

async function run(name, values, size) {
  const session = sessions.get(name);
  const input = new ort.Tensor("float32", values, [1, size, size, 3]);
  const out = await session.run({ [session.inputNames[0]]: input });
  return Object.fromEntries(session.outputNames.map((key) => [key, out[key].data]));
}
