use crate::Error;

const END: &str = "# generated: end";

/// Puts `content` between the marks of the region `name`, in the place of what is there.
pub(crate) fn filled(text: &str, name: &'static str, content: &str) -> Result<String, Error> {
    let begin = format!("# generated: begin {name}\n");
    let (before, rest) = text.split_once(&begin).ok_or(Error::NoRegion(name))?;
    let (_, after) = rest.split_once(END).ok_or(Error::NoRegion(name))?;
    // Both marks stand equally far from the margin.
    let margin = before.rsplit('\n').next().unwrap_or_default();
    Ok([before, &begin, content, margin, END, after].concat())
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn what_is_around_a_region_stays() {
        let text = "a\n  # generated: begin one\n  old\n  # generated: end\nb\n";
        let expected = "a\n  # generated: begin one\n  new\n  # generated: end\nb\n";
        assert_eq!(filled(text, "one", "  new\n").unwrap(), expected);
    }

    #[test]
    fn a_region_that_is_missing_or_open_is_an_error() {
        for text in ["a\n", "# generated: begin one\n", "# generated: begin one\n# generated: begin two\n"] {
            assert!(filled(text, "one", "").is_err(), "{text}");
        }
    }
}
