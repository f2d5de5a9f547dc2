//! An organization's admins: `/api/organizations/users/admins`.

mod demote;
mod list;
mod promote;

use shared::App;

shared::routes!(App, list::list_admins, promote::promote_admin, demote::demote_admin);
