// Reads tokens as two certified libraries do; prints for each whether they take it.
// In: {now, issuer, audience, jwks, url, rows: [{id, token (base64), scheme, proof (base64)}]}
import { createLocalJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const asked = JSON.parse(Buffer.concat(chunks).toString("utf8"));

const keys = createLocalJWKSet(asked.jwks);
const server = { issuer: asked.issuer, jwks_uri: new URL("/jwks", asked.issuer).href };
const skew = asked.now - Math.floor(Date.now() / 1000);
const text = (encoded) => Buffer.from(encoded, "base64").toString("latin1");

async function byJose(token) {
  await jwtVerify(token, keys, {
    issuer: asked.issuer,
    audience: asked.audience,
    algorithms: ["ES256", "Ed25519", "EdDSA"],
    typ: "at+jwt",
    clockTolerance: 60,
    currentDate: new Date(asked.now * 1000),
    requiredClaims: ["exp", "iat", "sub", "client_id", "jti"],
  });
}

async function byOauth(row) {
  const headers = new Headers();
  headers.set("authorization", `${row.scheme} ${text(row.token)}`);
  if (row.proof) headers.set("dpop", text(row.proof));
  const request = new Request(asked.url, { headers });
  await oauth.validateJwtAccessToken(server, request, asked.audience, {
    [oauth.clockSkew]: skew,
    [oauth.clockTolerance]: 60,
    signingAlgorithms: ["ES256", "Ed25519", "EdDSA"],
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async () =>
      new Response(JSON.stringify(asked.jwks), {
        headers: { "content-type": "application/json" },
      }),
  });
}

async function takes(read) {
  try {
    await read();
    return true;
  } catch {
    return false;
  }
}

for (const row of asked.rows) {
  const seen = {
    id: row.id,
    jose: await takes(() => byJose(text(row.token))),
    oauth4webapi: await takes(() => byOauth(row)),
  };
  console.log(JSON.stringify(seen));
}
