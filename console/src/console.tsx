import { GraphiQL } from "graphiql";
import { StrictMode, useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./console.css";
import { helpEditors } from "./accessibility";
import { examples } from "./examples";
import { loadSession, saveSession, type Person, type Session } from "./session";
import { SignIn } from "./SignIn";
import { createFetcher, createLiveClient, type Live } from "./transport";

const LIVE: Record<Live, string> = {
  idle: "WebSocket idle",
  connecting: "WebSocket connecting",
  connected: "WebSocket connected",
  closed: "WebSocket closed",
};

function Console(props: { people: Person[]; session: Session }) {
  const [session, setSession] = useState(props.session);
  const [live, setLive] = useState<Live>("idle");
  const token = useRef(session.token);
  const [client] = useState(() => createLiveClient(() => token.current, setLive));
  const fetcher = useMemo(() => createFetcher(session.token, client), [session.token, client]);

  useEffect(helpEditors, []);

  function signIn({ name, token: next }: Session) {
    const chosen: Session = name ? { name, token: next } : { token: next };
    saveSession(chosen);
    setSession(chosen);
    if (token.current === next) return;
    token.current = next;
    client.reconnect();
  }

  return (
    <>
      <header className="bar">
        <h1>Callsheet</h1>
        <SignIn people={props.people} session={session} onChange={signIn} />
        <p className="live" role="status" data-live={live}>
          <span>{LIVE[live]}</span>
        </p>
      </header>
      <main>
        <GraphiQL
          fetcher={fetcher}
          defaultTabs={examples.map(({ query, variables }) => ({
            query,
            variables: variables ?? null,
            headers: null,
          }))}
          defaultQuery=""
          inputValueDeprecation
          schemaDescription
          shouldPersistHeaders={false}
        >
          <GraphiQL.Logo>
            <a className="licences" href="./LICENSES.txt">
              Licences
            </a>
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

async function start() {
  const root = createRoot(document.getElementById("console")!);
  const loaded = await loadSession();
  root.render(
    <StrictMode>
      <Console {...loaded} />
    </StrictMode>,
  );
}

void start();
