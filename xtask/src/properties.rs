/// The top-level properties of a YAML text in their order, each as it is written, with the comments above it.
pub(crate) struct Properties(Vec<(String, String)>);

impl Properties {
    pub(crate) fn of(text: &str) -> Self {
        let mut properties = Vec::<(String, String)>::new();
        let mut comments = String::new();
        for line in text.lines().map(|line| format!("{line}\n")) {
            let name = line.split_once(':').map(|(name, _)| name.to_owned());
            match (name, properties.last_mut()) {
                _ if line.starts_with('#') => comments.push_str(&line),
                (Some(name), _) if !line.starts_with(' ') => {
                    properties.push((name, std::mem::take(&mut comments) + &line));
                }
                (_, Some((_, property))) => property.push_str(&line),
                _ => {}
            }
        }
        Self(properties)
    }

    /// Takes the property `name`, whole.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(own, _)| own == name)?;
        Some(self.0.remove(at).1)
    }

    /// Takes the lines below the property `name`.
    pub(crate) fn take_below(&mut self, name: &str) -> String {
        let property = self.take(name).unwrap_or_default();
        property.split_once(":\n").map(|(_, below)| below.to_owned()).unwrap_or_default()
    }

    /// What nobody has taken.
    pub(crate) fn rest(self) -> String {
        self.0.into_iter().map(|(_, property)| property).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Properties;

    #[test]
    fn a_property_comes_with_its_comments_and_whatever_is_below_it() {
        let mut properties = Properties::of("A: one\n# Why.\nB: two\nC:\n  D: three\n  # Below.\n  E: four\n");
        assert_eq!(properties.take("B").as_deref(), Some("# Why.\nB: two\n"));
        assert_eq!(properties.take("D"), None);
        assert_eq!(properties.take_below("C"), "  D: three\n  # Below.\n  E: four\n");
        assert_eq!(properties.rest(), "A: one\n");
    }
}
