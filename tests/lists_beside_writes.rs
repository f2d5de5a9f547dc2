//! Lists while rows are added beside them: a gate holds a page's read until the write is done.

use serde_json::{Value, json};

use crate::support::{Caller, Elsewhere, Gated};

/// An organization with a customer's user at each of `M-0`, `M-1` and `M-2`, and an account for one more.
struct World {
    gated: Gated,
    admin: Elsewhere,
    another: String,
}

impl World {
    async fn new() -> Self {
        let gated = Gated::start().await;
        let (tenant, another) = (gated.tenant().await, gated.person().await);
        let world = Self { gated, admin: tenant.admin, another };
        for number in ["M-0", "M-1", "M-2"] {
            world.associate(&world.gated.person().await, number).await;
        }
        world
    }

    async fn associate(&self, email: &str, number: &str) {
        let body = json!({"Email": email, "CustomerNumber": number});
        self.admin.post("/api/organizations/users/associate-customer", &body).await.ok();
    }

    async fn list(&self, query: &str) -> Value {
        let path = format!("/api/organizations/users/associations?SortOn=CustomerNumber&{query}");
        self.admin.get(&path).await.ok()
    }

    /// The list, to whose rows another one is added at `A-0` before they are read, and after everything else was read
    /// that doesn't wait for them.
    async fn list_while_a_row_is_added(&self, query: &str) -> Value {
        let mut held = self.gated.gate.hold(|call| call.is("Query", "\"E#"));
        let mut listed = std::pin::pin!(self.list(query));
        tokio::select! {
            () = held.arrived() => {}
            answer = &mut listed => panic!("{answer}"),
        }
        self.associate(&self.another, "A-0").await;
        held.release();
        listed.await
    }
}

fn numbers(listed: &Value) -> Vec<&str> {
    listed["Data"].as_array().unwrap().iter().map(|row| row["CustomerNumber"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_page_has_every_row_that_is_there_throughout_while_another_is_added_before_them() {
    let world = World::new().await;
    let listed = world.list_while_a_row_is_added("").await;
    assert_eq!(numbers(&listed), ["A-0", "M-0", "M-1", "M-2"]);
    assert_eq!((&listed["TotalCount"], listed.get("NextPageToken")), (&json!(4), None));
}

#[tokio::test]
async fn a_descending_walk_by_page_token_has_every_row_once_while_another_is_added() {
    let world = World::new().await;
    let first = world.list_while_a_row_is_added("SortDirection=desc&PageSize=2").await;
    assert_eq!(numbers(&first), ["M-2", "M-1"]);
    let token = first["NextPageToken"].as_str().unwrap();
    let second = world.list(&format!("SortDirection=desc&PageSize=2&PageToken={token}")).await;
    assert_eq!(numbers(&second), ["M-0", "A-0"]);
    assert_eq!((&second["TotalCount"], second.get("NextPageToken")), (&json!(4), None));
}

#[tokio::test]
async fn a_page_by_number_is_placed_by_the_counts_and_not_cut_off_by_them() {
    let world = World::new().await;
    let second = world.list_while_a_row_is_added("SortDirection=desc&PageSize=2&PageNumber=2").await;
    assert_eq!(numbers(&second), ["M-0", "A-0"]);
    assert_eq!((&second["TotalCount"], second.get("NextPageToken")), (&json!(4), None));
}

#[tokio::test]
async fn a_row_that_is_added_to_a_full_page_makes_it_say_that_more_follows() {
    let world = World::new().await;
    let first = world.list_while_a_row_is_added("PageSize=3").await;
    assert_eq!(numbers(&first), ["A-0", "M-0", "M-1"]);
    let token = first["NextPageToken"].as_str().unwrap();
    assert_eq!(numbers(&world.list(&format!("PageSize=3&PageToken={token}")).await), ["M-2"]);
}
