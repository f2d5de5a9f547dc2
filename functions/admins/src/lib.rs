//! An organization's users, and the admins among them: `/api/organizations/users`, `…/admins`.

mod demote;
mod list;
mod promote;
mod remove_user;

use shared::App;

shared::routes!(App, list::list_admins, promote::promote_admin, demote::demote_admin, remove_user::remove_user);
