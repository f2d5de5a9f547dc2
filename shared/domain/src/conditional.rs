//! What a caller says of the version of a record (RFC 9110, sections 8.8.3 and 13.1).

use std::fmt;

use crate::digest::sha256_hex;

/// Hex digits of a tag that is made of a content: 128 bits.
const DIGEST_LENGTH: usize = 32;

/// An entity tag: stands for one version of what is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    /// Whether it also stands for versions that differ in bytes and not in meaning.
    weak: bool,
    opaque: String,
}

impl EntityTag {
    /// A strong tag of these characters, which must all be printable ASCII and no quotes.
    #[must_use]
    pub fn strong(opaque: impl Into<String>) -> Self {
        Self { weak: false, opaque: opaque.into() }
    }

    /// The strong tag of a content. Each content has its own.
    #[must_use]
    pub fn of_content(parts: &[&str]) -> Self {
        let mut digest = sha256_hex(parts);
        digest.truncate(DIGEST_LENGTH);
        Self::strong(digest)
    }

    /// Reads a tag such as `"7"` or `W/"7"`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |quoted| (true, quoted));
        let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let is_good = |character: char| character > ' ' && character != '"' && character != '\u{7f}';
        opaque.chars().all(is_good).then(|| Self { weak, opaque: opaque.to_owned() })
    }

    /// What stands between the quotes.
    #[must_use]
    pub fn opaque(&self) -> &str {
        &self.opaque
    }

    /// Compares strongly: two versions are the same in every byte.
    fn is_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Compares weakly: two versions have the same meaning.
    fn is_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }
}

/// The versions that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: whatever is there.
    Any,
    /// One of these.
    OneOf(Vec<EntityTag>),
}

impl EntityTags {
    /// Reads a list such as `"7", W/"8"`, or `*`. What is no tag names no version, and `*` in a list names each.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        let mut is_quoted = false;
        let members = list.split(|character| {
            is_quoted ^= character == '"';
            character == ',' && !is_quoted
        });
        let mut tags = Vec::new();
        for member in members.map(|member| member.trim_matches([' ', '\t'])) {
            if member == "*" {
                return Self::Any;
            }
            tags.extend(EntityTag::parse(member));
        }
        Self::OneOf(tags)
    }

    fn name(&self, present: Option<&EntityTag>, same: impl Fn(&EntityTag, &EntityTag) -> bool) -> bool {
        match (self, present) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::OneOf(tags), Some(present)) => tags.iter().any(|tag| same(tag, present)),
        }
    }
}

/// The conditions of a request on what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// One of these versions must be there.
    pub if_match: Option<EntityTags>,
    /// None of these versions may be there.
    pub if_none_match: Option<EntityTags>,
}

impl Preconditions {
    /// Whether the request has any.
    #[must_use]
    pub fn are_sent(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Asks whether they hold of what is there, which has this tag; `None` where nothing is.
    ///
    /// # Errors
    /// The first one that doesn't, in the order of RFC 9110, section 13.2.2.
    pub fn check(&self, present: Option<&EntityTag>) -> Result<(), FailedPrecondition> {
        // A change must be made to exactly what the caller saw. To have seen it is a matter of meaning.
        if self.if_match.as_ref().is_some_and(|tags| !tags.name(present, EntityTag::is_strongly)) {
            return Err(FailedPrecondition::Match);
        }
        if self.if_none_match.as_ref().is_some_and(|tags| tags.name(present, EntityTag::is_weakly)) {
            return Err(FailedPrecondition::NoneMatch);
        }
        Ok(())
    }

    /// Changes what stands between the quotes of each tag that they name.
    #[must_use]
    pub fn map_opaque(&self, change: impl Fn(&str) -> String) -> Self {
        let changed = |tag: &EntityTag| EntityTag { weak: tag.weak, opaque: change(&tag.opaque) };
        let map = |tags: &Option<EntityTags>| match tags {
            Some(EntityTags::OneOf(tags)) => Some(EntityTags::OneOf(tags.iter().map(changed).collect())),
            tags => tags.clone(),
        };
        Self { if_match: map(&self.if_match), if_none_match: map(&self.if_none_match) }
    }
}

/// The condition of a request that doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailedPrecondition {
    /// None of the versions that `If-Match` names is there.
    #[error("it isn't there in a version that If-Match names")]
    Match,
    /// One of the versions that `If-None-Match` names is there.
    #[error("it is there in a version that If-None-Match names")]
    NoneMatch,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> EntityTag {
        EntityTag::parse(text).unwrap()
    }

    #[test]
    fn a_tag_is_quoted_and_may_be_weak_and_nothing_else_is_one() {
        for text in ["\"7\"", "\"\"", "W/\"7\"", "\"a,b\"", "\"W/7\"", "\"ü\""] {
            assert_eq!(tag(text).to_string(), text);
        }
        for text in
            ["", "7", "\"", "\"7", "7\"", "w/\"7\"", "W/7", "W/", "\"a b\"", "\"a\"b\"", "\"\u{7f}\"", "*", "'7'"]
        {
            assert_eq!(EntityTag::parse(text), None, "{text}");
        }
    }

    #[test]
    fn tags_are_compared_as_the_table_of_section_8_8_3_2_has_it() {
        for (one, other, strongly, weakly) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            let (one, other) = (tag(one), tag(other));
            assert_eq!((one.is_strongly(&other), one.is_weakly(&other)), (strongly, weakly), "{one} {other}");
        }
    }

    #[test]
    fn a_list_holds_quoted_commas_and_empty_members_and_what_is_no_tag() {
        let of = |texts: &[&str]| EntityTags::OneOf(texts.iter().map(|text| tag(text)).collect());
        for (list, tags) in [
            ("\"1\"", of(&["\"1\""])),
            ("\"1\",W/\"2\"", of(&["\"1\"", "W/\"2\""])),
            (" \"a,b\" ,\t, \"c\"", of(&["\"a,b\"", "\"c\""])),
            ("1, \"2\", x\"3\"", of(&["\"2\""])),
            ("\"1, \"2\"", of(&[])),
            ("", of(&[])),
            ("*", EntityTags::Any),
            ("\"1\", *", EntityTags::Any),
            ("\"*\"", of(&["\"*\""])),
        ] {
            assert_eq!(EntityTags::parse(list), tags, "{list}");
        }
    }

    #[test]
    fn conditions_hold_of_what_is_there_and_of_what_is_not() {
        let check = |if_match: Option<&str>, if_none_match: Option<&str>, present: Option<&str>| {
            let [if_match, if_none_match] = [if_match, if_none_match].map(|list| list.map(EntityTags::parse));
            Preconditions { if_match, if_none_match }.check(present.map(tag).as_ref())
        };
        let (present, fails, found) =
            (Some("\"1\""), Err(FailedPrecondition::Match), Err(FailedPrecondition::NoneMatch));
        assert_eq!(check(None, None, present), Ok(()));
        assert_eq!(check(None, None, None), Ok(()));
        for (list, there, not_there) in
            [("*", Ok(()), fails), ("\"1\"", Ok(()), fails), ("W/\"1\"", fails, fails), ("", fails, fails)]
        {
            assert_eq!((check(Some(list), None, present), check(Some(list), None, None)), (there, not_there), "{list}");
        }
        for (list, there) in [("*", found), ("\"1\"", found), ("W/\"1\"", found), ("\"2\"", Ok(())), ("", Ok(()))] {
            assert_eq!((check(None, Some(list), present), check(None, Some(list), None)), (there, Ok(())), "{list}");
        }
        assert_eq!(check(Some("\"2\""), Some("*"), present), fails, "If-Match comes first");
        assert_eq!(check(Some("*"), Some("*"), None), fails);
    }
}
