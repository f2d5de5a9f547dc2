use rand::RngExt;
use serde_json::json;

use super::Caller;
use crate::{
    api::{Answer, Request},
    arena::{CUSTOMERS, TIERS, customer_number},
    models::{TierCall, TierOutcome},
};

const PATH: &str = "/api/organizations/price-tiers";
const CURRENCIES: [&str; 3] = ["EUR", "USD", "CHF"];

impl Caller<'_> {
    pub(super) async fn tiers(&mut self) {
        let arena = self.arena.clone();
        let token = &arena.twins[0].token;
        let (name, to) = ((*self.one_of(&TIERS)).to_owned(), (*self.one_of(&TIERS)).to_owned());
        let currency = (*self.one_of(&CURRENCIES)).to_owned();
        let number = self.random.random_range(0..CUSTOMERS);
        let customer = customer_number(number);
        let path = format!("/api/customers/{customer}");
        let (call, request) = match self.random.random_range(0..22) {
            0..4 => {
                let request = Request::post(PATH, json!({"Name": name, "CurrencyCode": currency})).by(token);
                (TierCall::Add { name, currency }, self.maybe_once(request))
            }
            4..7 => {
                let body = json!({"OldName": name, "NewName": to, "CurrencyCode": currency});
                (TierCall::Change { name, to, currency }, Request::put(PATH, body).by(token))
            }
            7 => {
                let body = json!({"Name": name, "NewName": to});
                (TierCall::Patch { name, to: Some(to), currency: None }, Request::patch(PATH, body).by(token))
            }
            8 => {
                let body = json!({"Name": name, "CurrencyCode": currency});
                (TierCall::Patch { name, to: None, currency: Some(currency) }, Request::patch(PATH, body).by(token))
            }
            9..11 => {
                let request = Request::delete(PATH, Some(json!({"Name": name}))).by(token);
                (TierCall::Remove { name }, request)
            }
            11..15 => {
                let body =
                    json!({"CustomerNumber": customer, "CompanyName": format!("{name} Retail"), "Pricing": name});
                (TierCall::Put { customer, tier: name }, Request::put("/api/customers", body).by(token))
            }
            15 => {
                let request = Request::patch(&path, json!({"Pricing": name})).by(token);
                (TierCall::UpdateCustomer { customer, tier: name }, request)
            }
            16 => (TierCall::RemoveCustomer { customer }, Request::delete(&path, None).by(token)),
            17..19 => (TierCall::Read { customer }, Request::get(&path).by(token)),
            19..21 => return self.price_by_token(number).await,
            _ => return self.list_tiers().await,
        };
        let heard = self.api.call(&request).await;
        arena.tiers.add(self.client, &call, &heard, |answer| outcome(&call, answer));
    }

    /// Enriches the token of the customer's user.
    async fn price_by_token(&mut self, number: usize) {
        let arena = self.arena.clone();
        let body = json!({"OrgCode": arena.twins[0].code});
        let heard = self.api.call(&Request::post("/api/auth/access", body).by(&arena.users[number].token)).await;
        // An enrichment writes nothing.
        let heard = crate::api::Heard { unheard: Vec::new(), ..heard };
        let call = TierCall::Read { customer: customer_number(number) };
        arena.tiers.add(self.client, &call, &heard, |answer| {
            answer.is_ok().then(|| match (answer.body["PriceTier"].as_str(), answer.body["CurrencyCode"].as_str()) {
                (Some(tier), Some(currency)) => TierOutcome::Tier(tier.to_owned(), currency.to_owned()),
                _ => TierOutcome::NoCustomer,
            })
        });
    }

    async fn list_tiers(&mut self) {
        let arena = self.arena.clone();
        let heard = self.api.call(&Request::get(PATH).by(&arena.twins[0].token)).await;
        let rows = heard.answer.iter().filter(|answer| answer.is_ok()).filter_map(|answer| answer.body.as_array());
        for row in rows.clone().flatten() {
            let name = row["Name"].as_str().unwrap_or_default().to_owned();
            if name != "Still" {
                let currency = row["CurrencyCode"].as_str().unwrap_or_default().to_owned();
                let call = TierCall::IsListed { name };
                arena.tiers.add(self.client, &call, &heard, |_| Some(TierOutcome::Currency(currency.clone())));
            }
        }
        for rows in rows {
            let still = rows.iter().filter(|row| row["Name"] == "Still").count();
            if still != 1 {
                let fault = format!("a list of tiers has {still} times one that nobody touches: {rows:?}");
                arena.walks.lock().unwrap().push(fault);
            }
        }
    }

    pub(super) async fn read_tiers(&mut self) {
        let arena = self.arena.clone();
        for number in 0..CUSTOMERS {
            let customer = customer_number(number);
            let request = Request::get(&format!("/api/customers/{customer}")).by(&arena.twins[0].token);
            let (call, heard) = (TierCall::Read { customer }, self.api.call(&request).await);
            arena.tiers.add(self.client, &call, &heard, |answer| outcome(&call, answer));
            self.price_by_token(number).await;
        }
        // Nothing changes any more, so that what isn't listed isn't there.
        let heard = self.api.call(&Request::get(PATH).by(&arena.twins[0].token)).await;
        for name in TIERS {
            arena.tiers.add(self.client, &TierCall::IsListed { name: name.to_owned() }, &heard, |answer| {
                let rows = answer.body.as_array()?;
                let row = rows.iter().find(|row| row["Name"] == name);
                let currency = row.and_then(|row| row["CurrencyCode"].as_str()).map(str::to_owned);
                Some(currency.map_or(TierOutcome::NoTier, TierOutcome::Currency))
            });
        }
    }
}

fn outcome(call: &TierCall, answer: &Answer) -> Option<TierOutcome> {
    let priced = |name| TierOutcome::Tier(answer.text(name), answer.text("CurrencyCode"));
    match (answer.status, call) {
        (200, TierCall::Put { .. } | TierCall::UpdateCustomer { .. } | TierCall::Read { .. }) => {
            Some(priced("Pricing"))
        }
        (200, TierCall::Patch { .. }) => Some(priced("Name")),
        (200, _) => Some(TierOutcome::Done),
        (404, _) => Some(TierOutcome::NoCustomer),
        (400, _) => {
            let error = ["Name", "OldName", "NewName", "Pricing"].iter().find_map(|field| answer.error(field))?;
            match error {
                "is no price tier of this organization" => Some(TierOutcome::NoTier),
                "is taken" => Some(TierOutcome::NameTaken),
                error => {
                    let rest = error.strip_prefix("can't be removed: ")?;
                    Some(TierOutcome::InUse(rest.split(' ').next()?.parse().ok()?))
                }
            }
        }
        _ => None,
    }
}
