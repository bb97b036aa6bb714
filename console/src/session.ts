/** Who the visitor is signed in as, and whom the development server offers. */

export interface Person {
  name: string;
  role?: string;
  token: string;
}

/** `name` is absent for a pasted token. An empty `token` means: not signed in. */
export interface Session {
  name?: string;
  token: string;
}

const SESSION = "callsheet:session";
const PEOPLE = "callsheet:people";
export const signedOut: Session = { token: "" };

/** Storage may be switched off or full; the page works without it. */
function recall(store: () => Storage, key: string): unknown {
  try {
    return JSON.parse(store().getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function keep(store: () => Storage, key: string, value: unknown): void {
  try {
    store().setItem(key, JSON.stringify(value));
  } catch {
    // Only the next reload will miss it.
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function parsePeople(value: unknown): Person[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) =>
    isRecord(entry) && typeof entry.name === "string" && typeof entry.token === "string"
      ? [
          {
            name: entry.name,
            token: entry.token,
            ...(typeof entry.role === "string" && { role: entry.role }),
          },
        ]
      : [],
  );
}

export function cleanToken(text: string): string {
  return text.trim().replace(/^bearer\s+/i, "");
}

export function saveSession(session: Session): void {
  keep(() => localStorage, SESSION, session);
}

function savedSession(): Session | null {
  const value = recall(() => localStorage, SESSION);
  if (!isRecord(value) || typeof value.token !== "string") return null;
  return typeof value.name === "string"
    ? { name: value.name, token: value.token }
    : { token: value.token };
}

/**
 * Read `#token=…` (with `&name=…&role=…`) or `#tokens=<the JSON of tokens.json>`,
 * then take it out of the address so that it is neither shared nor bookmarked.
 */
function readHash(): { people: Person[]; chosen: Session | null } {
  const hash = new URLSearchParams(location.hash.slice(1));
  const token = cleanToken(hash.get("token") ?? "");
  const list = hash.get("tokens");
  let people: Person[] = [];
  let chosen: Session | null = null;
  if (token) {
    const name = hash.get("name");
    const role = hash.get("role");
    chosen = name ? { name, token } : { token };
    if (name) people = [{ name, token, ...(role && { role }) }];
  } else if (list) {
    try {
      people = parsePeople(JSON.parse(list));
    } catch {
      // Not JSON: as good as absent.
    }
  }
  if (token || list) history.replaceState(null, "", location.pathname + location.search);
  if (people.length) keep(() => sessionStorage, PEOPLE, people);
  else people = parsePeople(recall(() => sessionStorage, PEOPLE));
  return { people, chosen };
}

/** Development servers offer `tokens.json`; every other one answers 404. */
async function fetchPeople(): Promise<Person[]> {
  try {
    const response = await fetch("./tokens.json", {
      cache: "no-store",
      signal: AbortSignal.timeout(3000),
    });
    return response.ok ? parsePeople(await response.json()) : [];
  } catch {
    return [];
  }
}

export async function loadSession(): Promise<{ people: Person[]; session: Session }> {
  const hash = readHash();
  const offered = await fetchPeople();
  const people = [
    ...hash.people,
    ...offered.filter(({ name }) => !hash.people.some((person) => person.name === name)),
  ];
  const wanted = hash.chosen ?? savedSession();
  // A token that the server has issued anew replaces the saved one of the same name.
  const known = people.find(({ name }) => name === wanted?.name);
  const session = known ?? wanted ?? people[0] ?? signedOut;
  const plain: Session = session.name
    ? { name: session.name, token: session.token }
    : { token: session.token };
  if (hash.chosen) saveSession(plain);
  return { people, session: plain };
}
