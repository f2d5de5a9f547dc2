// What a client can do that has the generated types, and never saw the documentation.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./organizations";

type Problem = components["schemas"]["Problem"];

const baseUrl = process.env.API;
const anonymous = createClient<paths>({ baseUrl });
const founder = { FirstName: "Ada", LastName: "Lovelace", Email: "ada@paging.example", Password: "correct horse" };
let admin: Client<paths>;

// Apart from the API's own problems there is what a gateway says by itself, which has no code.
function problem(error: object | undefined): Problem {
  assert(error && "code" in error);
  return error as Problem;
}

before(async () => {
  const created = await anonymous.POST("/api/organizations", { body: { Organization: { Name: "Paging" }, User: founder } });
  assert(created.data);
  const signedIn = await anonymous.POST("/api/auth/login", {
    body: { Email: founder.Email, Password: founder.Password, OrgCode: created.data.IdentityOrganizationId },
  });
  assert(signedIn.data);
  admin = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${signedIn.data.AccessToken}` } });
});

test("a name that is taken is told from one that is missing", async () => {
  const User = { ...founder, Email: "other@paging.example" };
  const taken = await anonymous.POST("/api/organizations", { body: { Organization: { Name: "PAGING" }, User } });
  assert.equal(problem(taken.error).code, "name_taken");
  assert.deepEqual(problem(taken.error).codes, { "Organization.Name": ["taken"] });

  // @ts-expect-error: the types ask for the name as well.
  const missing = await anonymous.POST("/api/organizations", { body: { Organization: {}, User } });
  assert.equal(problem(missing.error).code, "validation_failed");
  assert.deepEqual(problem(missing.error).codes, { "Organization.Name": ["required"] });
});

test("every association is on exactly one page", async () => {
  const COUNT = 230;
  const made: string[] = [];
  const make = async (number: number) => {
    const user = await anonymous.POST("/api/users", {
      body: { FirstName: "User", LastName: `${number}`, Email: `user-${number}@paging.example`, Password: "battery staple" },
    });
    assert(user.data);
    const associated = await admin.POST("/api/organizations/users/associate-customer", {
      body: { UserId: user.data.UserId, CustomerNumber: `C-${number}` },
    });
    assert(associated.data);
    made.push(user.data.UserId);
  };
  const numbers = Array.from({ length: COUNT }, (_, index) => index).values();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (const number of numbers) await make(number);
  }));

  const seen: string[] = [];
  let pages = 0;
  let PageToken: string | undefined;
  do {
    const { data } = await admin.GET("/api/organizations/users/associations", {
      params: { query: { PageSize: 20, PageToken } },
    });
    assert(data);
    assert.equal(data.TotalCount, COUNT);
    seen.push(...data.Data.map(({ UserId }) => UserId));
    PageToken = data.NextPageToken ?? undefined;
    pages += 1;
  } while (PageToken);
  assert.equal(pages, 12);
  assert.deepEqual(seen, made.sort());
});

test("a request that is sent again has one effect", async () => {
  const send = () => admin.POST("/api/organizations/api-access", {
    params: { header: { "Idempotency-Key": key } },
    body: { Name: "ERP" },
  });
  const key = randomUUID();
  const first = await send();
  assert.equal(first.response.status, 200);
  assert.equal(first.response.headers.get("Idempotency-Replayed"), null);
  const second = await send();
  assert.equal(problem(second.error).code, "secret_shown_once");

  const tier = () => admin.POST("/api/organizations/price-tiers", {
    params: { header: { "Idempotency-Key": tierKey } },
    body: { Name: "Silver", CurrencyCode: "CHF" },
  });
  const tierKey = randomUUID();
  assert.equal((await tier()).response.headers.get("Idempotency-Replayed"), null);
  const replayed = await tier();
  assert.equal(replayed.response.status, 200);
  assert.equal(replayed.response.headers.get("Idempotency-Replayed"), "true");

  const credentials = await admin.GET("/api/organizations/api-access");
  assert.deepEqual(credentials.data?.map(({ Name }) => Name), ["ERP"]);
  const tiers = await admin.GET("/api/organizations/price-tiers");
  assert.deepEqual(tiers.data, [{ Name: "Silver", CurrencyCode: "CHF" }]);
});

test("a change loses nobody else's", async () => {
  const read = async () => {
    const { data, response } = await admin.GET("/api/organization");
    assert(data);
    return { organization: data.Organization, version: response.headers.get("ETag") ?? undefined };
  };
  const change = (version: string | undefined, body: components["schemas"]["UpdateOrganization"]) =>
    admin.PATCH("/api/organization", { params: { header: { "If-Match": version } }, body });

  const mine = await read();
  const theirs = await change(mine.version, { BillingCity: "Berlin" });
  assert.equal(theirs.response.status, 200);
  const stale = await change(mine.version, { BillingCity: "Bonn", PhoneNumber: "+49 30 1" });
  assert.equal(stale.response.status, 412);
  assert.equal(problem(stale.error).code, "precondition_failed");

  const again = await read();
  assert.equal(again.organization.BillingCity, "Berlin");
  const changed = await change(again.version, { PhoneNumber: "+49 30 1" });
  assert.equal(changed.data?.Organization.BillingCity, "Berlin");
  assert.equal(changed.data?.Organization.PhoneNumber, "+49 30 1");
});
