//! An organization's users, and the admins among them: `/api/organizations/users`, `…/admins`.

mod demote;
mod list;
mod list_users;
mod promote;
mod remove_user;

use shared::App;

shared::routes!(
    App,
    list_users::list_users,
    remove_user::remove_user,
    list::list_admins,
    promote::promote_admin,
    demote::demote_admin;
    list_users::UserFilter
);
