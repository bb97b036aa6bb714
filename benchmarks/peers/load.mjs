// Asks a server the same questions over and over, and tells how long each answer took.
// What to do comes as JSON on the standard input; it prints "begin" when it begins to measure.
// It speaks HTTP by itself, because a client's library takes longer than some of the servers.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";

const { url, token, bodies, exact, connections, warmup, seconds } = JSON.parse(readFileSync(0));
const { hostname, port, host, pathname } = new URL(url);
const questions = bodies.map((body) =>
  Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n` +
      `Accept: application/json\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  ),
);
const sizes = [];
let next = 0;

// One request after the other on one connection.
class Asker {
  constructor() {
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.socket.on("data", (chunk) => this.read(chunk));
    this.socket.on("error", (error) => this.fail(error));
    this.socket.on("close", () => this.fail(new Error("The server has closed the connection.")));
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
    this.missing = Infinity;
    this.began = performance.now();
    this.socket.write(questions[this.number]);
  }

  read(chunk) {
    this.chunks.push(chunk);
    this.missing -= chunk.length;
    if (this.missing === Infinity) this.readHead();
    if (this.missing === 0) this.note(performance.now());
  }

  readHead() {
    const told = Buffer.concat(this.chunks);
    const end = told.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = told.latin1Slice(0, end);
    const length = /^content-length: *(\d+)/im.exec(head);
    if (!length || !/^HTTP\/1.1 200 /.test(head)) this.fail(new Error(told.toString()));
    else this.missing = end + 4 + Number(length[1]) - told.length;
    this.size = length && Number(length[1]);
  }

  note(now) {
    this.latencies.push(now - this.began);
    if (!this.isRight()) this.fail(new Error(Buffer.concat(this.chunks).toString().slice(0, 2000)));
    else if (now < this.end) this.ask();
    else this.finish(this.latencies);
  }

  // Whether the answer is as long as the first one to this question; or at least without an error.
  isRight() {
    if (!exact) return !Buffer.concat(this.chunks).includes('"errors"');
    return this.size === (sizes[this.number] ??= this.size);
  }
}

const askers = Array.from({ length: connections }, () => new Asker());
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
