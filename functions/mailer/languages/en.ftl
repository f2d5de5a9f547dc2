# The mails in English. A mail has a `.subject`, says `.what` happened and what `.next` is to be done, has an `.action`
# where it has a link, and says in `.doubt` what to do where it wasn't expected.

hello = Hello { $first-name },
# The name of somebody who gave none.
nobody = there
an-admin = An admin
an-organization = your organization
or-open = Or open this address:
link-days = The link works once, within 72 hours.
link-hour = The link works once, within one hour, and as long as no new password was set.
sent-by = { $platform } sent this mail to { $address }.
contact = { $contact ->
    [reply] Questions? Reply to this mail.
    [address] Questions? Write to { $support }.
   *[none] Replies to this mail reach nobody.
}

welcome-founder =
    .subject = { $organization } is ready
    .what = Your organization { $organization } is set up, and you are its first admin.
    .next = You can now change its settings, make colleagues admins too, and link users to their customer accounts.
    .action = Sign in
    .doubt = If you did not create this organization, somebody used your address. Without your password they can do nothing with it.

welcome-admin =
    .subject = You are now an admin of { $organization }
    .what = { $has-actor ->
        [yes] { $actor } made you an admin of { $organization }.
       *[no] You are now an admin of { $organization }.
    }
    .next = You can change its settings, make colleagues admins too, and link users to their customer accounts. Sign in again to use the new role.
    .action = Sign in
    .doubt = If you did not expect this, ask an admin of { $organization }.

invitation =
    .subject = { $organization } invites you
    .what = You are invited to the account of { $organization }. Choose a password to begin.
    .action = Choose a password
    .next = { link-days }
    .doubt = If you did not expect this, ignore this mail: nothing happens without the link.

organization-invitation =
    .subject = { $organization } invites you
    .what = { $has-actor ->
        [yes] { $actor } invites you to { $organization }.
       *[no] You are invited to { $organization }.
    }
    .action = Accept the invitation
    .next = { link-days }
    .doubt = If you did not expect this, ignore this mail: nothing happens without the link.

address-proof =
    .subject = Confirm your e-mail address
    .what = An account was made with this address. Confirm that it is yours, and choose the password that holds from then on.
    .action = Confirm the address
    .next = { link-days } Every password from before ends with it.
    .doubt = If you made no account, ignore this mail: without the link the account stays unconfirmed.

address-change =
    .subject = Confirm your new address
    .what = Somebody who knows the password of an account asks for this address as the account's. If that was you, confirm it.
    .action = Confirm the address
    .next = { link-days }
    .doubt = If it was not you, ignore this mail: without the link nothing changes.

address-changed =
    .subject = Your address was changed
    .what = Your account has another e-mail address from now on, and this one no longer signs in.
    .doubt = If that was you, there is nothing to do. If it was not, somebody knows your password: tell an admin of your organization now.

password-reset =
    .subject = Set a new password
    .what = Somebody, most likely you, asked for a new password for this address.
    .action = Choose a new password
    .next = { link-hour }
    .doubt = If it was not you, ignore this mail: your password stays as it is.

password-changed =
    .subject = Your password was changed
    .what = The password of your account was changed, and every sign-in from before has ended.
    .doubt = If that was you, there is nothing to do. If it was not, ask for a new password at the sign-in now ("forgot password"), and tell an admin of your organization.

api-key-created =
    .subject = A new API key for { $organization }
    .what = { $has-actor ->
        [yes] { $actor } made an API key for { $organization }. You get this mail as an admin.
       *[no] An API key was made for { $organization }. You get this mail as an admin.
    }
    .doubt = The list of API keys says who made it and what it may do. If nobody knows of it, remove it there: it is refused from then on.

identity-bound =
    .subject = Another way to sign in was added
    .what = Your account can be signed in to by an identity provider from now on, as it vouched for your e-mail address.
    .doubt = If you did not expect this, tell an admin of your organization.
