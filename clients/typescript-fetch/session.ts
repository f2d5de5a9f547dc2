// The quickstart's session, by the client that openapi-generator makes for TypeScript.

import assert from "node:assert/strict";
import test from "node:test";
import {
  AccountsApi,
  AdminsApi,
  AssociationsApi,
  Configuration,
  CustomersApi,
  type Filter,
  FilterToJSON,
  OrganizationsApi,
  PriceTiersApi,
  type Problem,
  ProblemFromJSON,
  ResponseError,
  SignInApi,
} from "./organizations";

const basePath = process.env.API;
const anonymous = new Configuration({ basePath });

function holder(accessToken: string): Configuration {
  return new Configuration({ basePath, accessToken });
}

async function signIn(email: string, password: string) {
  return new SignInApi(anonymous).signIn({ signIn: { email, password } });
}

async function access(userToken: string, orgCode: string) {
  return new SignInApi(holder(userToken)).exchangeToken({ exchangeToken: { orgCode } });
}

async function refusal(call: Promise<unknown>): Promise<Problem> {
  try {
    await call;
  } catch (error) {
    assert(error instanceof ResponseError);
    return ProblemFromJSON(await error.response.json());
  }
  assert.fail("the call is not refused");
}

test("the session", async () => {
  const created = await new OrganizationsApi(anonymous).createOrganization({
    createOrganization: {
      organization: { name: "Acme GmbH", billingCity: "Berlin", billingCountry: "DE" },
      user: { firstName: "Ada", lastName: "Lovelace", email: "ada@acme.example", password: "correct horse" },
    },
  });
  assert.equal(created.name, "Acme GmbH");

  const signedIn = await signIn("ada@acme.example", "correct horse");
  const code = signedIn.organizations?.[0]?.identityOrganizationId;
  assert(code);
  assert.equal(code, created.identityOrganizationId);
  const admin = holder((await access(signedIn.accessToken, code)).accessToken);

  const viewed = await new OrganizationsApi(admin).getOrganization();
  assert.equal(viewed.organization.billingCity, "Berlin");
  assert.deepEqual(viewed.entitlements[0], { key: "admins", name: "Admins", value: 10 });

  const { userId } = await new AccountsApi(anonymous).createUser({
    createUser: { firstName: "Grace", lastName: "Hopper", email: "grace@acme.example", password: "battery staple" },
  });
  const admins = new AdminsApi(admin);
  assert.deepEqual(await admins.promoteAdmin({ promoteAdmin: { email: "grace@acme.example" } }), { success: true });
  const emails = (await admins.listAdmins()).map(({ email }) => email);
  assert.deepEqual(emails.sort(), ["ada@acme.example", "grace@acme.example"]);

  const tiers = new PriceTiersApi(admin);
  await tiers.createPriceTier({ createPriceTier: { name: "Gold", currencyCode: "EUR" } });
  assert.deepEqual(await tiers.listPriceTiers(), [{ name: "Gold", currencyCode: "EUR" }]);

  const customerNumber = "C-10042";
  const customers = new CustomersApi(admin);
  const customer = await customers.putCustomer({
    putCustomer: { customerNumber, companyName: "Acme Retail", pricing: "Gold" },
  });
  assert.equal(customer.currencyCode, "EUR");
  assert.deepEqual(await customers.getCustomer({ customerNumber }), customer);
  const updateCustomer = { companyName: "Acme Stores" };
  const renamed = await customers.updateCustomer({ customerNumber, updateCustomer });
  assert.equal(renamed.companyName, "Acme Stores");

  const association = { userId, customerNumber, organizationId: created.organizationId };
  const associations = new AssociationsApi(admin);
  const associated = await associations.associateCustomer({
    associateCustomer: { email: "grace@acme.example", customerNumber },
  });
  assert.deepEqual(associated, { association });

  const graceIn = await signIn("grace@acme.example", "battery staple");
  const enriched = await access(graceIn.accessToken, code);
  assert.deepEqual(
    [enriched.tokenUse, enriched.roles, enriched.customerNumber, enriched.priceTier, enriched.currencyCode],
    ["organization", ["admin", "customer"], customerNumber, "Gold", "EUR"],
  );

  const filter: Filter = { field: "CustomerNumber", operator: "startswith", value: "C-1" };
  const listed = await associations.listAssociations({ sortOn: "CustomerNumber", filters: [JSON.stringify(FilterToJSON(filter))] });
  assert.deepEqual([listed.data, listed.totalCount, listed.pageNumber, listed.pageSize], [[association], 1, 1, 25]);

  assert.deepEqual(await admins.demoteAdmin({ demoteAdmin: { userId } }), { success: true });
  const refused = await refusal(new OrganizationsApi(holder(enriched.accessToken)).getOrganization());
  assert.equal(refused.code, "role_lost");

  const mistaken = await refusal(new AccountsApi(anonymous).createUser({
    createUser: { firstName: "", lastName: "Hopper", email: "grace", password: "short" },
  }));
  assert.equal(mistaken.code, "validation_failed");
  assert.deepEqual(mistaken.codes, { Email: ["invalid_email"], FirstName: ["too_short"], Password: ["too_short"] });

  const signIns = Array.from({ length: 11 }, () => refusal(signIn("ada@acme.example", "wrong")));
  const codes = (await Promise.all(signIns)).map(({ code }) => code);
  assert(codes.includes("wrong_credentials") && codes.includes("too_many_attempts"));
});
