// Asks a server the same questions over and over, and tells how long each answer took.
// What to do comes as JSON on the standard input; it prints "begin" when it begins to measure.
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Client } from "undici";

const { url, token, bodies, exact, connections, warmup, seconds } = JSON.parse(readFileSync(0));
const { origin, pathname } = new URL(url);
const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
const questions = bodies.map((body) => Buffer.from(body));
const sizes = [];
let next = 0;

// One request after the other on one connection.
class Asker {
  constructor(client) {
    this.client = client;
  }

  askUntil(end) {
    this.end = end;
    this.latencies = [];
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
      this.ask();
    });
  }

  ask() {
    this.number = next;
    next = (next + 1) % questions.length;
    this.chunks = [];
    this.began = performance.now();
    const body = questions[this.number];
    this.client.dispatch({ path: pathname, method: "POST", headers, body }, this);
  }

  onRequestStart() {}

  onResponseStart(_, status) {
    this.status = status;
  }

  onResponseData(_, chunk) {
    this.chunks.push(chunk);
  }

  onResponseEnd() {
    const now = performance.now();
    this.latencies.push(now - this.began);
    if (!this.isRight()) {
      this.fail(new Error(`${this.status} ${Buffer.concat(this.chunks).toString().slice(0, 500)}`));
    } else if (now < this.end) {
      this.ask();
    } else {
      this.finish(this.latencies);
    }
  }

  onResponseError(_, error) {
    this.fail(error);
  }

  // Whether the answer is as long as the first one to this question; or at least without an error.
  isRight() {
    if (this.status !== 200) return false;
    if (!exact) return !Buffer.concat(this.chunks).includes('"errors"');
    const size = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return size === (sizes[this.number] ??= size);
  }
}

const askers = Array.from({ length: connections }, () => new Asker(new Client(origin)));
const askFor = (time) => {
  const end = performance.now() + time * 1000;
  return Promise.all(askers.map((asker) => asker.askUntil(end)));
};

await askFor(warmup);
const cpu = process.cpuUsage();
const began = performance.now();
console.log("begin");
const latencies = (await askFor(seconds)).flat().sort((a, b) => a - b);
const elapsed = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpu);
const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
console.log(
  JSON.stringify({
    requests: latencies.length,
    seconds: elapsed,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    generator_cpu_s: (user + system) / 1e6,
  }),
);
process.exit();
