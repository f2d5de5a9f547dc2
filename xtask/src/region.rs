use crate::Error;

/// Puts `content` between the marks of the region `name`, in the place of what is there.
pub(crate) fn filled(text: &str, name: &'static str, content: &str) -> Result<String, Error> {
    between(text, name, content, &format!("# generated: begin {name}\n"), "# generated: end")
}

/// Fills a region of Markdown, whose marks are comments of HTML.
pub(crate) fn filled_markdown(text: &str, name: &'static str, content: &str) -> Result<String, Error> {
    between(text, name, content, &format!("<!-- generated: begin {name} -->\n"), "<!-- generated: end -->")
}

fn between(text: &str, name: &'static str, content: &str, begin: &str, end: &str) -> Result<String, Error> {
    let (before, rest) = text.split_once(begin).ok_or(Error::NoRegion(name))?;
    let (_, after) = rest.split_once(end).ok_or(Error::NoRegion(name))?;
    // Both marks stand equally far from the margin.
    let margin = before.rsplit('\n').next().unwrap_or_default();
    Ok([before, begin, content, margin, end, after].concat())
}

#[cfg(test)]
mod tests {
    use super::{filled, filled_markdown};

    #[test]
    fn what_is_around_a_region_stays() {
        let text = "a\n  # generated: begin one\n  old\n  # generated: end\nb\n";
        let expected = "a\n  # generated: begin one\n  new\n  # generated: end\nb\n";
        assert_eq!(filled(text, "one", "  new\n").unwrap(), expected);
    }

    #[test]
    fn marks_in_markdown_are_comments() {
        let text = "# Scale\n\n<!-- generated: begin one -->\nold\n<!-- generated: end -->\n";
        let expected = "# Scale\n\n<!-- generated: begin one -->\nnew\n<!-- generated: end -->\n";
        assert_eq!(filled_markdown(text, "one", "new\n").unwrap(), expected);
        assert!(filled_markdown("# generated: begin one\n# generated: end\n", "one", "").is_err());
    }

    #[test]
    fn a_region_that_is_missing_or_open_is_an_error() {
        for text in ["a\n", "# generated: begin one\n", "# generated: begin one\n# generated: begin two\n"] {
            assert!(filled(text, "one", "").is_err(), "{text}");
        }
    }
}
