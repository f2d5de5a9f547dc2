//! Numbers as readers want them.

/// A number with three significant digits and commas. Inputs are known no better.
pub(super) fn rounded(number: f64) -> String {
    let mut unit = 1.0;
    while number / unit >= 999.5 {
        unit *= 10.0;
    }
    if number < 10.0 { decimal(number) } else { with_commas((number / unit).round() * unit) }
}

/// A number with two decimals, and four below a hundredth; whole, with commas, from a thousand on.
pub(super) fn decimal(number: f64) -> String {
    if number >= 1_000.0 {
        return with_commas(number);
    }
    // More decimals where two would leave nothing.
    let text = if number < 0.01 { format!("{number:.4}") } else { format!("{number:.2}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole number with a comma before each three digits.
fn with_commas(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
