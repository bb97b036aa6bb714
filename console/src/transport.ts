/** How GraphiQL reaches /graphql: POST for queries and mutations, WebSocket for subscriptions. */
import type { Fetcher, FetcherOpts, FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, OperationTypeNode, parse, type ExecutionResult } from "graphql";
import { createClient, type Client } from "graphql-ws";

const ENDPOINT = "/graphql";
const FORBIDDEN = 4403;
const TERMINATED = 4499;

export interface LiveClient extends Pick<Client, "subscribe"> {
  /** Running subscriptions go on over a new connection, as whoever is signed in now. */
  reconnect: () => void;
}

export type Live = "idle" | "connecting" | "connected" | "closed";

function isCloseEvent(value: unknown): value is { code: number; reason: string } {
  return typeof value === "object" && value !== null && "code" in value && "reason" in value;
}

/** One socket for every subscription of the page. It is open only while one is running. */
export function createLiveClient(token: () => string, show: (live: Live) => void): LiveClient {
  const url = new URL(ENDPOINT, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  let hasConnected = false;
  let hurry = false;
  const client = createClient({
    url: url.href,
    connectionParams: () => (token() ? { Authorization: `Bearer ${token()}` } : {}),
    retryAttempts: 5,
    // Give the server time, unless the visitor waits: after Run, or after signing in.
    retryWait: async (retries) => {
      if (!hurry) await new Promise((done) => setTimeout(done, 500 * 2 ** retries));
      hurry = false;
    },
    // A lost connection is worth another try; one that never was, or that is forbidden, is not.
    shouldRetry: (error) => (isCloseEvent(error) ? error.code !== FORBIDDEN : hasConnected),
    on: {
      connecting: () => show("connecting"),
      connected: () => {
        hasConnected = true;
        hurry = false;
        show("connected");
      },
      closed: (event) => {
        const code = isCloseEvent(event) ? event.code : 0;
        if (code === TERMINATED) hurry = true;
        if (code === 1000) hasConnected = false;
        show(code === 1000 ? "idle" : "closed");
      },
    },
  });
  return {
    reconnect: () => client.terminate(),
    subscribe(payload, sink) {
      hurry = true;
      return client.subscribe(payload, sink);
    },
  };
}

function failure(message: string): ExecutionResult {
  return { errors: [{ message }] } as unknown as ExecutionResult;
}

function explainSocket(error: unknown): unknown {
  if (Array.isArray(error)) return error; // GraphQL errors, as the server sent them
  if (isCloseEvent(error)) {
    const details = [error.code, error.reason].filter(Boolean).join(" ");
    return { message: `The WebSocket was closed: ${details}` };
  }
  return { message: "The WebSocket could not be opened." };
}

async function post(params: FetcherParams, headers: HeadersInit): Promise<ExecutionResult> {
  let response: Response;
  try {
    response = await fetch(ENDPOINT, { method: "POST", headers, body: JSON.stringify(params) });
  } catch {
    return failure("The server could not be reached.");
  }
  const text = await response.text();
  try {
    return JSON.parse(text) as ExecutionResult;
  } catch {
    const status = [response.status, response.statusText].filter(Boolean).join(" ");
    return failure(`HTTP ${status}${text ? `: ${text.slice(0, 500)}` : ""}`);
  }
}

function isSubscription({ query, operationName }: FetcherParams, opts?: FetcherOpts): boolean {
  try {
    const operation = getOperationAST(opts?.documentAST ?? parse(query), operationName);
    return operation?.operation === OperationTypeNode.SUBSCRIPTION;
  } catch {
    return false; // The server will say what is wrong with it.
  }
}

export function createFetcher(token: string, live: LiveClient): Fetcher {
  return (params, opts) => {
    if (isSubscription(params, opts)) {
      return {
        subscribe: (sink: {
          next: (value: ExecutionResult) => void;
          error: (error: unknown) => void;
          complete: () => void;
        }) => ({
          unsubscribe: live.subscribe(
            { query: params.query, operationName: params.operationName, variables: params.variables },
            {
              next: (value) => sink.next(value as ExecutionResult),
              error: (error) => sink.error(explainSocket(error)),
              complete: () => sink.complete(),
            },
          ),
        }),
      } as ReturnType<Fetcher>;
    }
    return post(params, {
      Accept: "application/graphql-response+json, application/json;q=0.9",
      "Content-Type": "application/json",
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(opts?.headers as Record<string, string> | undefined),
    });
  };
}
