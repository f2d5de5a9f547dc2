//! Passwords that are guessed first: those that many people have, and those made of what anybody knows of the owner.
//!
//! Source: NIST SP 800-63B, 5.1.1.2, which asks for both to be refused when a password is set. `common_passwords.txt`
//! has the 20,000 most common ones of 8 characters and more, in lower case and in order; `NOTICE` says where they come
//! from. The list is searched as it lies in the binary: it costs no start, and only functions that set passwords have
//! it.

use domain::{
    field_error::{FieldCode, FieldError},
    text::{EmailAddress, NewPassword, fold},
};

const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// What a stranger may know of a password's owner.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublicFacts<'a> {
    /// The address.
    pub email: Option<&'a EmailAddress>,
    /// The first name.
    pub first_name: Option<&'a str>,
    /// The last name.
    pub last_name: Option<&'a str>,
    /// The name of an organization of the owner's.
    pub organization: Option<&'a str>,
}

impl PublicFacts<'_> {
    /// Refuses a password that is the address, that is among the 20,000 most common ones, or that is no more than a name
    /// or a part of the address with digits and punctuation after it. Case and punctuation make no difference.
    ///
    /// # Errors
    /// The rule that the password breaks.
    pub fn refuse_guessable(&self, password: &NewPassword) -> Result<(), FieldError> {
        if let Some(email) = self.email {
            password.differs_from(email)?;
        }
        let folded = fold(password.expose());
        if is_common(&folded) {
            return Err(FieldCode::PasswordTooCommon.says("is one of the passwords that everybody tries first"));
        }
        let password = letters_and_digits(&folded);
        let is_made_of = |word: &String| {
            let rest = password.strip_prefix(word.as_str());
            !word.is_empty() && rest.is_some_and(|rest| !rest.contains(char::is_alphabetic))
        };
        if self.words().iter().any(is_made_of) {
            let rule = "must not be a name or a part of the e-mail address, also with digits after it";
            return Err(FieldCode::PasswordTooCommon.says(rule));
        }
        Ok(())
    }

    /// The names and parts of the address, each as letters and digits in folded case.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some((local, domain)) = self.email.and_then(|email| email.as_str().rsplit_once('@')) {
            // The top level says nothing of the owner.
            let name = domain.rsplit_once('.').map_or(domain, |(name, _)| name);
            words.extend(parts(local).into_iter().chain(parts(name)));
            words.push(letters_and_digits(&fold(domain)));
        }
        let (first, last) = (self.first_name.unwrap_or_default(), self.last_name.unwrap_or_default());
        for name in [first, last, self.organization.unwrap_or_default()] {
            words.extend(parts(name));
        }
        for name in [format!("{first} {last}"), format!("{last} {first}")] {
            words.push(letters_and_digits(&fold(&name)));
        }
        words
    }
}

/// Each word of a name, and the words from its beginning on as one: `acme`, `gmbh`, `acmegmbh`.
fn parts(name: &str) -> Vec<String> {
    let folded = fold(name);
    let (mut parts, mut together) = (Vec::new(), String::new());
    for word in folded.split(|character: char| !character.is_alphanumeric()) {
        together.push_str(word);
        parts.extend([word.to_owned(), together.clone()]);
    }
    parts
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).collect()
}

/// Searches the list by halves. The lines' ends are found on the way, so that no index is needed.
fn is_common(folded: &str) -> bool {
    let (list, wanted) = (COMMON_PASSWORDS.as_bytes(), folded.as_bytes());
    let (mut from, mut to) = (0, list.len());
    while from < to {
        let middle = from.midpoint(to);
        let start = list[from..middle].iter().rposition(|byte| *byte == b'\n').map_or(from, |end| from + end + 1);
        let end = list[middle..to].iter().position(|byte| *byte == b'\n').map_or(to, |end| middle + end);
        match list[start..end].cmp(wanted) {
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(facts: &PublicFacts<'_>, password: &str) -> Option<String> {
        let error = facts.refuse_guessable(&NewPassword::parse(password.to_owned()).unwrap()).err()?;
        assert_eq!(error.code, FieldCode::PasswordTooCommon, "{password}");
        Some(error.message.into_owned())
    }

    #[test]
    fn the_list_is_in_order_and_has_ten_thousand_passwords_that_could_be_set() {
        let lines: Vec<_> = COMMON_PASSWORDS.lines().collect();
        assert!(lines.len() >= 10_000 && lines.is_sorted_by(|one, next| one < next));
        assert!(lines.iter().all(|line| line.len() >= 8 && line.is_ascii() && fold(line) == *line));
        assert!(COMMON_PASSWORDS.ends_with('\n'));
        assert!(lines.iter().all(|line| is_common(line)), "each is found");
        for other in ["", "0", "zzzzzzzzzzzzzz", "correct horse battery", "password1234!", "passwor", "password\n"] {
            assert!(!is_common(other), "{other}");
        }
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_the_documented_example_is_not() {
        for common in ["password", "PassWord", "12345678", "qwertyuiop", "aaaaaaaa", " password ", "iloveyou"] {
            let said = refusal(&PublicFacts::default(), common);
            assert_eq!(said.as_deref(), Some("is one of the passwords that everybody tries first"), "{common}");
        }
        for good in ["Password1234!", "correct horse battery", "        ", "!!!!!!!!", "日本日本日本日本"] {
            assert_eq!(refusal(&PublicFacts::default(), good), None, "{good}");
        }
    }

    #[test]
    fn names_and_parts_of_the_address_are_refused_also_with_digits_after_them() {
        let email = EmailAddress::parse("Ada.King+shop@mail.acme.example".to_owned()).unwrap();
        let facts = PublicFacts {
            email: Some(&email),
            first_name: Some("Ada"),
            last_name: Some("Lovelace"),
            organization: Some("Weiß & Söhne GmbH"),
        };
        for word in [
            "acme1234",
            "ACME!!!!",
            "a.c.m.e.1.2",
            "mailacme",
            "mail.acme.example",
            "ada.king+shop",
            "adaking-shop7",
            "ada12345",
            "lovelace",
            "Lovelace2026!",
            "AdaLovelace",
            "lovelace.ada",
            "weiss123",
            "WEISS & SÖHNE",
            "weißsöhnegmbh1",
            "gmbh2026",
        ] {
            let said = refusal(&facts, word);
            let expected = "must not be a name or a part of the e-mail address, also with digits after it";
            assert_eq!(said.as_deref(), Some(expected), "{word}");
        }
        let address = refusal(&facts, "ADA.king+shop@MAIL.acme.example");
        assert_eq!(address.as_deref(), Some("must not be the e-mail address"));
        for good in ["acme and more", "1234acme", "lovelace of acme", "example1", "Password1234!"] {
            assert_eq!(refusal(&facts, good), None, "{good}");
        }
    }
}
