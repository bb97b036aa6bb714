import { useId, useState } from "react";
import { cleanToken, signedOut, type Person, type Session } from "./session";

const NOBODY = "nobody";
const PASTE = "paste";
const PASTED = "pasted";

interface Props {
  people: Person[];
  session: Session;
  onChange: (session: Session) => void;
}

/** A select of the people on offer. Without any: a field to paste a token into. */
export function SignIn({ people, session, onChange }: Props) {
  const id = useId();
  const [isPasting, setPasting] = useState(false);
  const [draft, setDraft] = useState("");
  const current = people.findIndex(({ name }) => name === session.name);

  function choose(value: string) {
    setPasting(value === PASTE);
    if (value === PASTE || value === PASTED) return;
    onChange(people[Number(value)] ?? signedOut);
  }

  function submit() {
    const token = cleanToken(draft);
    if (!token) return;
    setDraft("");
    setPasting(false);
    onChange({ token });
  }

  const isPasted = session.token !== "" && current < 0;
  const signedInAs = isPasted ? PASTED : current < 0 ? NOBODY : String(current);
  const showsField = people.length === 0 ? !isPasted : isPasting;
  return (
    <>
      {people.length > 0 && (
        <div className="field">
          <label htmlFor={`${id}-who`}>Sign in as</label>
          <select
            id={`${id}-who`}
            value={isPasting ? PASTE : signedInAs}
            onChange={(event) => choose(event.target.value)}
          >
            <option value={NOBODY}>Nobody (signed out)</option>
            {people.map(({ name, role }, index) => (
              <option key={name} value={index}>
                {role ? `${name} (${role})` : name}
              </option>
            ))}
            {isPasted && <option value={PASTED}>{session.name ?? "A pasted token"}</option>}
            <option value={PASTE}>Paste a token…</option>
          </select>
        </div>
      )}
      {showsField && (
        <form
          className="field"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <label htmlFor={`${id}-token`}>Token</label>
          <input
            id={`${id}-token`}
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder="Paste an access token"
            value={draft}
            onChange={(event) => setDraft(event.target.value)}
          />
          <button type="submit">Sign in</button>
        </form>
      )}
      {people.length === 0 && isPasted && (
        <div className="field">
          <span>Signed in{session.name ? ` as ${session.name}` : " with a token"}</span>
          <button type="button" onClick={() => onChange(signedOut)}>
            Sign out
          </button>
        </div>
      )}
    </>
  );
}
