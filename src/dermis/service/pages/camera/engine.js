// The networks as promises: engine.run("landmarks", values, 256). Started once, when the camera opens.
let engine = null;

export function startEngine() {
  engine ??= new Engine();
  return engine.ready.then(() => engine);
}

class Engine {
  constructor() {
    this.waiting = new Map();
    this.count = 0;
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.settle(data);
    this.worker.onerror = (event) => this.fail(event.message || "the engine did not start");
    this.ready = this.ask({ kind: "load" });
    this.ready.catch(() => {
      engine = null; // the next attempt begins anew
    });
  }

  run(kind, values, size) {
    return this.ask({ kind, values, size }, [values.buffer]);
  }

  ask(message, moved = []) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ ...message, id }, moved);
    });
  }

  settle({ id, answer, error }) {
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  }

  fail(reason) {
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }
}
