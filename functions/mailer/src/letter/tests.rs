use super::*;

const LINK: &str = "https://shop.example/account/set-password?token=T0ken";

fn occasion(kind: MailKind, language: Language) -> Occasion<'static> {
    let to = "grace@acme.example";
    let organization = Some("Acme & Söhne");
    Occasion { kind, language, to, first_name: "Grace", organization, actor: Some("Ada Lovelace"), link: None }
}

/// Every mail in every language.
fn letters(brand: &Brand) -> Vec<(Occasion<'static>, Letter)> {
    let occasions = MailKind::ALL.into_iter().flat_map(|kind| Language::ALL.map(|language| occasion(kind, language)));
    occasions
        .map(|occasion| Occasion { link: occasion.kind.has_link().then_some(LINK), ..occasion })
        .map(|occasion| (occasion, Letter::write(&occasion, brand, Contact::None).unwrap()))
        .collect()
}

fn welcome(brand: &Brand, contact: Contact<'_>) -> Letter {
    Letter::write(&occasion(MailKind::WelcomeAdmin, Language::English), brand, contact).unwrap()
}

#[test]
fn a_mail_says_who_did_what_what_comes_next_and_why_one_gets_it() {
    let brand = Brand { sign_in_url: Some("https://shop.example/sign-in".to_owned()), ..Brand::default() };
    let letter = welcome(&brand, Contact::Address("help@shop.example"));
    assert_eq!(letter.subject, "You are now an admin of Acme & Söhne");
    assert_eq!(
        letter.text,
        "Hello Grace,

Ada Lovelace made you an admin of Acme & Söhne.

Sign in:

https://shop.example/sign-in

You can change its settings, make colleagues admins too, and link users to their customer accounts. Sign in again to use \
         the new role.

If you did not expect this, ask an admin of Acme & Söhne.

-- 
B2B Commerce sent this mail to grace@acme.example. Questions? Write to help@shop.example."
    );
    assert!(letter.html.contains("Ada Lovelace made you an admin of Acme &#38; Söhne."), "{}", letter.html);
}

#[test]
fn a_mail_asks_for_a_reply_only_where_replies_arrive() {
    let brand = Brand::default();
    let said = |contact| welcome(&brand, contact).text.lines().last().unwrap().to_owned();
    assert!(said(Contact::Reply).ends_with("Questions? Reply to this mail."));
    assert!(said(Contact::None).ends_with("Replies to this mail reach nobody."));
}

#[test]
fn every_mail_is_whole_in_every_language() {
    for (occasion, letter) in letters(&Brand::default()) {
        let Letter { subject, text, html } = &letter;
        let what = format!("{occasion:?}: {letter:?}");
        assert!(!subject.is_empty() && !subject.contains('\n'), "{what}");
        assert!(html.contains(&format!("<html lang=\"{}\">", occasion.language.code())), "{what}");
        for part in [text, html] {
            assert!(part.contains("B2B Commerce") && part.contains("grace@acme.example"), "{what}");
            assert_eq!(part.contains(LINK), occasion.kind.has_link(), "{what}");
            assert!(!part.contains("{ $") && !part.contains("{ link"), "{what}");
        }
        let links = html.matches("<a ").count();
        assert_eq!(links, if occasion.kind.has_link() { 2 } else { 0 }, "the button and the bare link: {what}");
    }
}

#[test]
fn each_language_says_it_in_its_own_words() {
    for pair in letters(&Brand::default()).chunks(Language::ALL.len()) {
        let (_, english) = &pair[0];
        for (occasion, other) in &pair[1..] {
            assert_ne!((&english.subject, &english.text), (&other.subject, &other.text), "{occasion:?}");
        }
    }
}

/// What mail programs have in common: they drop scripts, and fetch neither styles nor fonts.
#[test]
fn every_mail_is_shown_as_it_is_meant_by_common_mail_programs() {
    let logo = "https://shop.example/logo.png";
    let brand = Brand { logo_url: Some(logo.to_owned()), ..Brand::default() };
    for (occasion, Letter { html, .. }) in letters(&brand) {
        assert!(html.len() < 20_000, "{occasion:?} has {} bytes; past 100 KB some programs cut it off", html.len());
        for never in
            ["<script", "<link", "@font-face", "@import", "url(", "<form", "<iframe", "position:", "javascript:"]
        {
            assert!(!html.contains(never), "{occasion:?} has {never}: {html}");
        }
        assert!(html.contains(&format!("<img src=\"{logo}\" alt=\"B2B Commerce\"")), "{html}");
        assert_eq!(html.matches("<img").count(), html.matches(" alt=\"").count(), "{html}");
        assert_eq!(html.matches("<table").count(), html.matches("<table role=\"presentation\"").count(), "{html}");
        assert!(html.contains("<meta name=\"color-scheme\" content=\"light dark\">"), "{html}");
        assert!(html.contains("prefers-color-scheme: dark"), "{html}");
        assert!(html.contains("width=device-width"), "{html}");
    }
}

#[test]
fn whoever_has_no_name_is_greeted_all_the_same() {
    let nobody = Occasion {
        first_name: "",
        organization: None,
        actor: None,
        link: Some(LINK),
        ..occasion(MailKind::OrganizationInvitation, Language::English)
    };
    let letter = Letter::write(&nobody, &Brand::default(), Contact::None).unwrap();
    let begin = "Hello there,\n\nYou are invited to your organization.\n\nAccept the invitation:\n\nhttps://";
    assert!(letter.text.starts_with(begin), "{}", letter.text);
}

#[test]
fn a_lure_in_a_name_leads_nowhere() {
    let lure = Occasion {
        organization: Some("Call https://evil.example/login <b>now</b>"),
        ..occasion(MailKind::WelcomeFounder, Language::English)
    };
    let letter = Letter::write(&lure, &Brand::default(), Contact::None).unwrap();
    for part in [&letter.subject, &letter.text, &letter.html] {
        assert!(!part.contains("evil.example") && !part.contains("<b>"), "{part}");
    }
}
