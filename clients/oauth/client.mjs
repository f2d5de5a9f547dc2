// Gets tokens by openid-client and verifies them by jose. The world is the JSON text of world.py.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

// The libraries are installed elsewhere, so that nothing is left here.
const load = createRequire(`${process.env.MODULES}/`);
const oauth = await import(load.resolve('openid-client'));
const jose = await import(load.resolve('jose'));

const world = JSON.parse(process.env.WORLD);
const token = (name) => `urn:ietf:params:oauth:token-type:${name}`;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const qualified = `${world.code}.${world.clientId}`;

function discover(id, authentication, algorithm = 'oidc') {
  // The API of one machine is reached without TLS.
  const options = { algorithm, execute: [oauth.allowInsecureRequests] };
  return oauth.discovery(new URL(world.api), id, undefined, authentication, options);
}

// What a service does that takes the API's tokens.
async function verify(accessToken, metadata) {
  const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri));
  const { payload } = await jose.jwtVerify(accessToken, keys, {
    issuer: metadata.issuer,
    audience: world.audience,
    typ: 'at+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
  });
  return payload;
}

for (const algorithm of ['oidc', 'oauth2']) {
  for (const authenticate of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
    const config = await discover(qualified, authenticate(world.clientSecret), algorithm);
    const metadata = config.serverMetadata();
    assert.equal(metadata.token_endpoint, `${world.api}/oauth2/token`);
    assert.ok(metadata.grant_types_supported.includes('client_credentials'));
    const granted = await oauth.clientCredentialsGrant(config);
    assert.equal(granted.token_type, 'bearer');
    assert.equal(granted.expires_in, 3600);
    assert.equal(granted.scope, 'admin');
    const claims = await verify(granted.access_token, metadata);
    assert.equal(claims.token_use, 'machine');
    assert.equal(claims.sub, world.clientId);
    assert.equal(claims.client_id, world.clientId);
  }
}

// The organization's code as a parameter.
const plain = await discover(world.clientId, oauth.ClientSecretBasic(world.clientSecret));
const named = await oauth.clientCredentialsGrant(plain, { audience: world.code });
assert.equal((await verify(named.access_token, plain.serverMetadata())).OrgCode, world.code);

// A user token, exchanged by the machine as the client, and by nobody.
const subject = { subject_token: world.userToken, subject_token_type: token('access_token'), audience: world.code };
for (const [config, client] of [[plain, world.clientId], [await discover('a browser', oauth.None()), world.api]]) {
  const exchanged = await oauth.genericGrantRequest(config, EXCHANGE, subject);
  assert.equal(exchanged.issued_token_type, token('access_token'));
  assert.equal(exchanged.scope, 'admin');
  const claims = await verify(exchanged.access_token, config.serverMetadata());
  assert.equal(claims.token_use, 'organization');
  assert.equal(claims.sub, world.user);
  assert.equal(claims.client_id, client);
}

// No service that checks the audience takes a user token.
const foreign = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud' };
await assert.rejects(verify(world.userToken, plain.serverMetadata()), foreign);

const wrongByPost = await discover(qualified, oauth.ClientSecretPost('wrong'));
await assert.rejects(oauth.clientCredentialsGrant(wrongByPost), { error: 'invalid_client', status: 400 });
const wrongByBasic = await discover(qualified, oauth.ClientSecretBasic('wrong'));
await assert.rejects(oauth.clientCredentialsGrant(wrongByBasic), (error) => {
  // Where an answer has a challenge, openid-client reads that and leaves the body.
  assert.equal(error.status, 401);
  assert.equal(error.cause[0].scheme, 'basic');
  return true;
});
await assert.rejects(oauth.clientCredentialsGrant(plain, { audience: 'org_nowhere00' }));
const nowhere = { ...subject, audience: 'org_nowhere00' };
const anyone = await discover('a browser', oauth.None());
await assert.rejects(oauth.genericGrantRequest(anyone, EXCHANGE, nowhere), { error: 'invalid_target', status: 400 });

console.log('openid-client and jose: discovery, grants, verification, refusals');
