// The quickstart's session, by openapi-fetch over the types that openapi-typescript makes.

import assert from "node:assert/strict";
import test from "node:test";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./organizations";

const baseUrl = process.env.API;
const anonymous = createClient<paths>({ baseUrl });

function holder(token: string): Client<paths> {
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
}

async function signIn(email: string, password: string) {
  const { data } = await anonymous.POST("/api/auth/login", { body: { Email: email, Password: password } });
  assert(data);
  return data;
}

async function access(userToken: string, code: string) {
  const { data } = await holder(userToken).POST("/api/auth/access", { body: { OrgCode: code } });
  assert(data);
  return data;
}

test("the session", async () => {
  const created = await anonymous.POST("/api/organizations", {
    body: {
      Organization: { Name: "Acme GmbH", BillingCity: "Berlin", BillingCountry: "DE" },
      User: { FirstName: "Ada", LastName: "Lovelace", Email: "ada@acme.example", Password: "correct horse" },
    },
  });
  assert(created.data);
  assert.equal(created.data.Name, "Acme GmbH");

  const signedIn = await signIn("ada@acme.example", "correct horse");
  const code = signedIn.Organizations?.[0]?.IdentityOrganizationId;
  assert(code);
  assert.equal(code, created.data.IdentityOrganizationId);
  const admin = holder((await access(signedIn.AccessToken, code)).AccessToken);

  const viewed = await admin.GET("/api/organization");
  assert(viewed.data);
  assert.equal(viewed.data.Organization.BillingCity, "Berlin");
  assert.deepEqual(viewed.data.Entitlements[0], { Key: "admins", Name: "Admins", Value: 10 });

  const grace = await anonymous.POST("/api/users", {
    body: { FirstName: "Grace", LastName: "Hopper", Email: "grace@acme.example", Password: "battery staple" },
  });
  assert(grace.data);
  const UserId = grace.data.UserId;
  const promoted = await admin.POST("/api/organizations/users/admins", { body: { Email: "grace@acme.example" } });
  assert.deepEqual(promoted.data, { Success: true });
  const admins = await admin.GET("/api/organizations/users/admins");
  assert.deepEqual(admins.data?.map(({ Email }) => Email).sort(), ["ada@acme.example", "grace@acme.example"]);

  const tier = await admin.POST("/api/organizations/price-tiers", { body: { Name: "Gold", CurrencyCode: "EUR" } });
  assert.equal(tier.response.status, 200);
  const tiers = await admin.GET("/api/organizations/price-tiers");
  assert.deepEqual(tiers.data, [{ Name: "Gold", CurrencyCode: "EUR" }]);

  const CustomerNumber = "C-10042";
  const customer = await admin.PUT("/api/customers", {
    body: { CustomerNumber, CompanyName: "Acme Retail", Pricing: "Gold" },
  });
  assert.equal(customer.data?.CurrencyCode, "EUR");
  const params = { path: { CustomerNumber } };
  assert.deepEqual((await admin.GET("/api/customers/{CustomerNumber}", { params })).data, customer.data);
  const body = { CompanyName: "Acme Stores" };
  const renamed = await admin.PATCH("/api/customers/{CustomerNumber}", { params, body });
  assert.equal(renamed.data?.CompanyName, "Acme Stores");

  const Association = { UserId, CustomerNumber, OrganizationId: created.data.OrganizationId };
  const associated = await admin.POST("/api/organizations/users/associate-customer", {
    body: { Email: "grace@acme.example", CustomerNumber },
  });
  assert.deepEqual(associated.data, { Association });

  const graceIn = await signIn("grace@acme.example", "battery staple");
  const enriched = await access(graceIn.AccessToken, code);
  assert.deepEqual(
    [enriched.TokenUse, enriched.Roles, enriched.CustomerNumber, enriched.PriceTier, enriched.CurrencyCode],
    ["organization", ["admin", "customer"], CustomerNumber, "Gold", "EUR"],
  );

  const filter: components["schemas"]["Filter"] = { Field: "CustomerNumber", Operator: "startswith", Value: "C-1" };
  const listed = await admin.GET("/api/organizations/users/associations", {
    params: { query: { SortOn: "CustomerNumber", Filters: [JSON.stringify(filter)] } },
  });
  assert.deepEqual(listed.data, { Data: [Association], TotalCount: 1, PageNumber: 1, PageSize: 25 });

  const demoted = await admin.DELETE("/api/organizations/users/admins", { body: { UserId } });
  assert.deepEqual(demoted.data, { Success: true });
  const refused = await holder(enriched.AccessToken).GET("/api/organization");
  assert(refused.error && "code" in refused.error);
  assert.equal(refused.error.code, "role_lost");

  const mistaken = await anonymous.POST("/api/users", {
    body: { FirstName: "", LastName: "Hopper", Email: "grace", Password: "short" },
  });
  assert(mistaken.error && "codes" in mistaken.error);
  assert.equal(mistaken.error.code, "validation_failed");
  assert.deepEqual(mistaken.error.codes, {
    Email: ["invalid_email"],
    FirstName: ["too_short"],
    Password: ["too_short"],
  });

  // Past ten wrong passwords, a status whose answers the gateway gives as well.
  const wrong = { Email: "ada@acme.example", Password: "wrong" };
  const signIns = Array.from({ length: 11 }, () => anonymous.POST("/api/auth/login", { body: wrong }));
  const codes = (await Promise.all(signIns)).map(({ error }) => error?.code);
  assert(codes.includes("wrong_credentials") && codes.includes("too_many_attempts"));
});
