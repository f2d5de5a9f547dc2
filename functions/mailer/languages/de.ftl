# Die E-Mails auf Deutsch. Was die einzelnen Teile sind, steht in en.ftl.

hello = Guten Tag { $first-name },
nobody = und willkommen
an-admin = Ein Admin
an-organization = Ihre Organisation
or-open = Oder öffnen Sie diese Adresse:
link-days = Der Link funktioniert einmal, innerhalb von 72 Stunden.
link-hour = Der Link funktioniert einmal, innerhalb einer Stunde und solange kein neues Passwort gesetzt wurde.
sent-by = { $platform } hat diese E-Mail an { $address } gesendet.
contact = { $contact ->
    [reply] Fragen? Antworten Sie auf diese E-Mail.
    [address] Fragen? Schreiben Sie an { $support }.
   *[none] Antworten auf diese E-Mail erreichen niemanden.
}

welcome-founder =
    .subject = { $organization } ist eingerichtet
    .what = Ihre Organisation { $organization } ist eingerichtet, und Sie sind ihr erster Admin.
    .next = Sie können nun ihre Einstellungen ändern, Kolleginnen und Kollegen zu Admins machen und Benutzer mit Kundenkonten verbinden.
    .action = Anmelden
    .doubt = Falls Sie diese Organisation nicht angelegt haben, hat jemand Ihre Adresse verwendet. Ohne Ihr Passwort lässt sich damit nichts anfangen.

welcome-admin =
    .subject = Sie sind nun Admin von { $organization }
    .what = { $has-actor ->
        [yes] { $actor } hat Sie zum Admin von { $organization } gemacht.
       *[no] Sie sind nun Admin von { $organization }.
    }
    .next = Sie können die Einstellungen ändern, Kolleginnen und Kollegen zu Admins machen und Benutzer mit Kundenkonten verbinden. Melden Sie sich dafür neu an.
    .action = Anmelden
    .doubt = Falls Sie das nicht erwartet haben, fragen Sie einen Admin von { $organization }.

invitation =
    .subject = { $organization } lädt Sie ein
    .what = { $organization } lädt Sie zu einem Konto ein. Wählen Sie dafür ein Passwort.
    .action = Passwort wählen
    .next = { link-days }
    .doubt = Falls Sie das nicht erwartet haben, ignorieren Sie diese E-Mail: Ohne den Link geschieht nichts.

organization-invitation =
    .subject = { $organization } lädt Sie ein
    .what = { $has-actor ->
        [yes] { $actor } lädt Sie zu { $organization } ein.
       *[no] { $organization } lädt Sie ein.
    }
    .action = Einladung annehmen
    .next = { link-days }
    .doubt = Falls Sie das nicht erwartet haben, ignorieren Sie diese E-Mail: Ohne den Link geschieht nichts.

address-proof =
    .subject = Bestätigen Sie Ihre E-Mail-Adresse
    .what = mit dieser Adresse wurde ein Konto angelegt. Bestätigen Sie, dass sie Ihnen gehört, und wählen Sie das Passwort, das von da an gilt.
    .action = Adresse bestätigen
    .next = { link-days } Jedes frühere Passwort endet damit.
    .doubt = Falls Sie kein Konto angelegt haben, ignorieren Sie diese E-Mail: Ohne den Link bleibt das Konto unbestätigt.

address-change =
    .subject = Bestätigen Sie Ihre neue Adresse
    .what = jemand, der das Passwort eines Kontos kennt, möchte diese Adresse für das Konto verwenden. Falls Sie das waren, bestätigen Sie es.
    .action = Adresse bestätigen
    .next = { link-days }
    .doubt = Falls Sie das nicht waren, ignorieren Sie diese E-Mail: Ohne den Link ändert sich nichts.

address-changed =
    .subject = Ihre Adresse wurde geändert
    .what = Ihr Konto hat ab jetzt eine andere E-Mail-Adresse; mit dieser kann man sich nicht mehr anmelden.
    .doubt = Falls Sie das waren, ist nichts zu tun. Falls nicht, kennt jemand Ihr Passwort: Sagen Sie es jetzt einem Admin Ihrer Organisation.

password-reset =
    .subject = Neues Passwort setzen
    .what = jemand, vermutlich Sie, hat für diese Adresse ein neues Passwort angefordert.
    .action = Neues Passwort wählen
    .next = { link-hour }
    .doubt = Falls Sie das nicht waren, ignorieren Sie diese E-Mail: Ihr Passwort bleibt, wie es ist.

password-changed =
    .subject = Ihr Passwort wurde geändert
    .what = das Passwort Ihres Kontos wurde geändert, und alle früheren Anmeldungen sind beendet.
    .doubt = Falls Sie das waren, ist nichts zu tun. Falls nicht, fordern Sie jetzt bei der Anmeldung ein neues Passwort an („Passwort vergessen“), und sagen Sie es einem Admin Ihrer Organisation.

api-key-created =
    .subject = Ein neuer API-Schlüssel für { $organization }
    .what = { $has-actor ->
        [yes] { $actor } hat einen API-Schlüssel für { $organization } angelegt. Sie erhalten diese E-Mail als Admin.
       *[no] für { $organization } wurde ein API-Schlüssel angelegt. Sie erhalten diese E-Mail als Admin.
    }
    .doubt = Die Liste der API-Schlüssel zeigt, wer ihn angelegt hat und was er darf. Falls ihn niemand kennt, entfernen Sie ihn dort: Von da an wird er abgelehnt.

identity-bound =
    .subject = Eine weitere Anmeldung wurde hinzugefügt
    .what = an Ihrem Konto kann man sich ab jetzt auch über einen Identitätsanbieter anmelden, der für Ihre E-Mail-Adresse gebürgt hat.
    .doubt = Falls Sie das nicht erwartet haben, sagen Sie es einem Admin Ihrer Organisation.
