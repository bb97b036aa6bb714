// Who asks: the token is verified and its person read, at every request.
import { createVerifier } from "fast-jwt";
import { rows } from "./database.mjs";
import { decode } from "./ids.mjs";

const verify = createVerifier({
  key: process.env.CALLSHEET_SECRET,
  algorithms: ["HS256"],
  allowedAud: "callsheet",
  requiredClaims: ["sub", "org", "exp"],
});

export async function signIn(authorization) {
  const claims = verify((authorization ?? "").replace(/^Bearer /, ""));
  const [person] = await rows(
    "viewer",
    "SELECT id, permission FROM people WHERE organization_id = $1 AND id = $2",
    decode(claims.org),
    decode(claims.sub),
  );
  if (!person) throw new Error("This token is of nobody.");
  return { ...person, organizationId: decode(claims.org) };
}
