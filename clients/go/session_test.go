// Package sessions has the quickstart's session, by the client that openapi-generator makes for Go.
package sessions

import (
	"context"
	"errors"
	"os"
	"reflect"
	"testing"

	"sessions/organizations"
)

var client = organizations.NewAPIClient(&organizations.Configuration{
	Servers: organizations.ServerConfigurations{{URL: os.Getenv("API")}},
})

var anonymous = context.Background()

func holder(token string) context.Context {
	return context.WithValue(anonymous, organizations.ContextAccessToken, token)
}

func equal(t *testing.T, actual, expected any) {
	t.Helper()
	if !reflect.DeepEqual(actual, expected) {
		t.Fatalf("%#v isn't %#v", actual, expected)
	}
}

func succeeds(t *testing.T, err error) {
	t.Helper()
	var refusal *organizations.GenericOpenAPIError
	if errors.As(err, &refusal) {
		t.Fatal(string(refusal.Body()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The model of what a call is refused with.
func refusal(t *testing.T, err error) any {
	t.Helper()
	var refusal *organizations.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		t.Fatal("the call isn't refused", err)
	}
	return refusal.Model()
}

func problem(t *testing.T, err error) organizations.Problem {
	t.Helper()
	model := refusal(t, err)
	problem, ok := model.(organizations.Problem)
	if !ok {
		t.Fatalf("no problem: %#v", model)
	}
	return problem
}

func signIn(t *testing.T, email, password string) *organizations.SignedIn {
	t.Helper()
	body := organizations.NewSignIn()
	body.SetEmail(email)
	body.SetPassword(password)
	signedIn, _, err := client.SignInAPI.SignIn(anonymous).SignIn(*body).Execute()
	succeeds(t, err)
	return signedIn
}

func access(t *testing.T, token, code string) *organizations.OrganizationAccess {
	t.Helper()
	body := organizations.NewExchangeToken()
	body.SetOrgCode(code)
	access, _, err := client.SignInAPI.ExchangeToken(holder(token)).ExchangeToken(*body).Execute()
	succeeds(t, err)
	return access
}

func TestSession(t *testing.T) {
	details := organizations.NewOrganizationDetails("Acme GmbH")
	details.SetBillingCity("Berlin")
	details.SetBillingCountry("DE")
	ada := organizations.NewNewUser("ada@acme.example", "Ada", "Lovelace", "correct horse")
	founding := organizations.NewCreateOrganization(*details, *ada)
	created, _, err := client.OrganizationsAPI.CreateOrganization(anonymous).CreateOrganization(*founding).Execute()
	succeeds(t, err)
	equal(t, created.Name, "Acme GmbH")

	signedIn := signIn(t, "ada@acme.example", "correct horse")
	code := signedIn.Organizations[0].IdentityOrganizationId
	equal(t, code, created.IdentityOrganizationId)
	admin := holder(access(t, signedIn.AccessToken, code).AccessToken)

	viewed, _, err := client.OrganizationsAPI.GetOrganization(admin).Execute()
	succeeds(t, err)
	equal(t, viewed.Organization.GetBillingCity(), "Berlin")
	equal(t, viewed.Entitlements[0].Key, "admins")
	equal(t, *viewed.Entitlements[0].Value.Int32, int32(10))

	newGrace := organizations.NewCreateUser("grace@acme.example", "Grace", "Hopper")
	newGrace.SetPassword("battery staple")
	grace, _, err := client.AccountsAPI.CreateUser(anonymous).CreateUser(*newGrace).Execute()
	succeeds(t, err)
	promotion := organizations.NewPromoteAdmin("grace@acme.example")
	promoted, _, err := client.AdminsAPI.PromoteAdmin(admin).PromoteAdmin(*promotion).Execute()
	succeeds(t, err)
	equal(t, promoted.Success, true)
	admins, _, err := client.AdminsAPI.ListAdmins(admin).Execute()
	succeeds(t, err)
	equal(t, len(admins), 2)

	gold := organizations.NewCreatePriceTier("EUR", "Gold")
	_, err = client.PriceTiersAPI.CreatePriceTier(admin).CreatePriceTier(*gold).Execute()
	succeeds(t, err)
	tiers, _, err := client.PriceTiersAPI.ListPriceTiers(admin).Execute()
	succeeds(t, err)
	equal(t, tiers, []organizations.PriceTier{{Name: "Gold", CurrencyCode: "EUR"}})

	put := organizations.NewPutCustomer("Acme Retail", "C-10042", "Gold")
	customer, _, err := client.CustomersAPI.PutCustomer(admin).PutCustomer(*put).Execute()
	succeeds(t, err)
	equal(t, customer.CurrencyCode, "EUR")
	read, _, err := client.CustomersAPI.GetCustomer(admin, "C-10042").Execute()
	succeeds(t, err)
	equal(t, read, customer)
	change := organizations.NewUpdateCustomer()
	change.SetCompanyName("Acme Stores")
	changed, _, err := client.CustomersAPI.UpdateCustomer(admin, "C-10042").UpdateCustomer(*change).Execute()
	succeeds(t, err)
	equal(t, changed.CompanyName, "Acme Stores")

	association := organizations.NewAssociateCustomer("C-10042")
	association.SetEmail("grace@acme.example")
	associated, _, err := client.AssociationsAPI.AssociateCustomer(admin).AssociateCustomer(*association).Execute()
	succeeds(t, err)
	expected := organizations.NewAssociation("C-10042", created.OrganizationId, grace.UserId)
	equal(t, associated.Association, *expected)

	enriched := access(t, signIn(t, "grace@acme.example", "battery staple").AccessToken, code)
	equal(t, enriched.Roles, []organizations.Role{"admin", "customer"})
	equal(t, enriched.GetCustomerNumber(), "C-10042")
	equal(t, enriched.GetPriceTier(), "Gold")
	equal(t, enriched.GetCurrencyCode(), "EUR")

	filter, err := organizations.NewFilter("CustomerNumber", "startswith", "C-1").MarshalJSON()
	succeeds(t, err)
	listed, _, err := client.AssociationsAPI.ListAssociations(admin).SortOn("CustomerNumber").
		Filters([]string{string(filter)}).Execute()
	succeeds(t, err)
	equal(t, listed.Data, []organizations.Association{*expected})
	equal(t, listed.TotalCount, int64(1))

	demotion := organizations.NewDemoteAdmin(grace.UserId)
	demoted, _, err := client.AdminsAPI.DemoteAdmin(admin).DemoteAdmin(*demotion).Execute()
	succeeds(t, err)
	equal(t, demoted.Success, true)
	_, _, err = client.OrganizationsAPI.GetOrganization(holder(enriched.AccessToken)).Execute()
	equal(t, problem(t, err).Code, "role_lost")

	mistaken := organizations.NewCreateUser("grace", "", "Hopper")
	mistaken.SetPassword("short")
	_, _, err = client.AccountsAPI.CreateUser(anonymous).CreateUser(*mistaken).Execute()
	equal(t, problem(t, err).Code, "validation_failed")
	equal(t, problem(t, err).Codes, map[string][]string{
		"Email": {"invalid_email"}, "FirstName": {"too_short"}, "Password": {"too_short"},
	})

	wrong := organizations.NewSignIn()
	wrong.SetEmail("ada@acme.example")
	wrong.SetPassword("wrong")
	for attempt := 0; attempt < 10; attempt++ {
		_, _, err = client.SignInAPI.SignIn(anonymous).SignIn(*wrong).Execute()
		equal(t, problem(t, err).Code, "wrong_credentials")
	}
	// Past ten wrong passwords, a status whose answers the gateway gives as well.
	_, _, err = client.SignInAPI.SignIn(anonymous).SignIn(*wrong).Execute()
	limited, ok := refusal(t, err).(organizations.GatewayMessage)
	equal(t, ok, true)
	equal(t, limited.GetCode(), "too_many_attempts")
}
