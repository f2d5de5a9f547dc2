//! Three organizations that calls compete in for a while, with what the checkers know of them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use serde_json::json;
use shared::ids::random_id;

use crate::{
    api::{Api, Request},
    history::History,
    models::{Admins, Association, Board, Names, OneUse, Owners, Tiers},
    users::User,
};

/// Users that compete for the admin role, and move between customers.
pub(crate) const USERS: usize = 4;
/// Names that the twins and others compete for.
pub(crate) const NAMES: usize = 3;
/// Names of tiers.
pub(crate) const TIERS: [&str; 4] = ["Gold", "Silver", "Iron", "Tin"];
/// Numbers of customers, each of which has a user.
pub(crate) const CUSTOMERS: usize = 3;
/// An organization, with the token of its founder.
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) token: String,
}

/// Something that is used once.
pub(crate) struct Single {
    /// The address that was invited, or the machine's id.
    pub(crate) name: String,
    /// The machine's key.
    pub(crate) secret: String,
    pub(crate) history: History<OneUse>,
}

/// The arena. Its admins are the users of the first organization. The other two are the twins, of which the first has
/// tiers and customers, and the second has associations, invitations and machines.
pub(crate) struct Arena {
    pub(crate) number: u64,
    pub(crate) contested: Organization,
    pub(crate) twins: [Organization; 2],
    pub(crate) users: Vec<User>,
    /// A token of each user for the first organization.
    pub(crate) tokens: Vec<String>,
    /// Ids of users whose associations in the second twin nobody touches.
    pub(crate) still: Vec<String>,
    pub(crate) calls: AtomicU64,
    /// Makes each name, key and address another one.
    serial: AtomicUsize,
    pub(crate) admins: History<Admins>,
    pub(crate) names: History<Names>,
    pub(crate) tiers: History<Tiers>,
    /// Each user's association, as a list has it and as a token has it.
    pub(crate) listed: Vec<History<Association>>,
    pub(crate) in_tokens: Vec<History<Association>>,
    pub(crate) invitations: Mutex<Vec<Arc<Single>>>,
    pub(crate) machines: Mutex<Vec<Arc<Single>>>,
    /// What lists did that no order of calls explains.
    pub(crate) walks: Mutex<Vec<String>>,
    pub(crate) walked: AtomicU64,
}

impl Arena {
    /// Makes the organizations. Each call is made until it has succeeded.
    pub(crate) async fn set_up(api: &Api, number: u64, users: &[User], still: &[String]) -> Self {
        let founder = &users[0];
        let found = async |what: &str| {
            let name = format!("{what} {number} {}", random_id(6));
            let organization = json!({"Name": name});
            let body = json!({"Organization": organization, "User": founder.founder()});
            let created = api.insist(&Request::post("/api/organizations", body).once(random_id(20))).await;
            let code = created.text("IdentityOrganizationId");
            let token = founder.token_for(api, &code).await;
            Organization { id: created.text("OrganizationId"), code, name, token }
        };
        let contested = found("Contested").await;
        let twins = [found("Castor").await, found("Pollux").await];
        let mut tokens = vec![contested.token.clone()];
        for user in &users[1..] {
            let promotion = Request::post("/api/organizations/users/admins", json!({"Email": user.email}));
            api.insist(&promotion.by(&contested.token).once(random_id(20))).await;
            tokens.push(user.token_for(api, &contested.code).await);
        }
        let tier = json!({"Name": "Still", "CurrencyCode": "EUR"});
        let tier = Request::post("/api/organizations/price-tiers", tier).by(&twins[0].token);
        api.insist(&tier.once(random_id(20))).await;
        for (customer, user) in users.iter().take(CUSTOMERS).enumerate() {
            associate(api, &twins[0], &user.id, &customer_number(customer)).await;
        }
        for (number, user) in still.iter().enumerate() {
            associate(api, &twins[1], user, &format!("S-{}", number / 3)).await;
        }
        Self {
            number,
            contested,
            twins,
            users: users.to_vec(),
            tokens,
            still: still.to_vec(),
            calls: AtomicU64::new(0),
            serial: AtomicUsize::new(0),
            admins: History::from((1 << USERS) - 1),
            names: History::from(Owners { twins: [None; 2], strangers: 0 }),
            tiers: History::from(Board::default()),
            listed: (0..USERS).map(|_| History::from(None)).collect(),
            in_tokens: (0..USERS).map(|_| History::from(None)).collect(),
            invitations: Mutex::default(),
            machines: Mutex::default(),
            walks: Mutex::default(),
            walked: AtomicU64::new(0),
        }
    }

    /// A number that no other call in the arena has.
    pub(crate) fn serial(&self) -> usize {
        self.serial.fetch_add(1, Ordering::SeqCst)
    }

    /// One of the names that are competed for.
    pub(crate) fn name(&self, name: usize) -> String {
        format!("Contended {} {name}", self.contested.id)
    }
}

/// The number of a customer of the first twin.
pub(crate) fn customer_number(customer: usize) -> String {
    format!("C-{customer}")
}

async fn associate(api: &Api, organization: &Organization, user: &str, customer: &str) {
    let body = json!({"UserId": user, "CustomerNumber": customer});
    let request = Request::post("/api/organizations/users/associate-customer", body).by(&organization.token);
    api.insist(&request.once(random_id(20))).await;
}
